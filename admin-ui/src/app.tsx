/** Who is there decides what is shown: the way in, or the shell with its screens. */
import { useEffect, useMemo, useState } from 'react';
import { Api } from './api.ts';
import { Entrance } from './pages/entrance.tsx';
import { broughtBack } from './provider.ts';
import type { Who } from './shapes.ts';
import { Shell } from './shell.tsx';
import { type Language, type Theme, useChoice, useSay } from './state.tsx';

const firstLanguage = (): Language => (navigator.language.startsWith('zh') ? 'zh' : 'en');
const firstTheme = (): Theme => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

export function App() {
  const [who, setWho] = useState<Who | undefined | 'asking'>('asking');
  const [language, setLanguage] = useChoice<Language>('language', firstLanguage());
  const [theme, setTheme] = useChoice<Theme>('theme', firstTheme());
  const [brought] = useState(broughtBack);
  const [fault, setFault] = useState<unknown>();
  const api = useMemo(() => new Api(() => setWho(undefined)), []);
  const say = useSay(language);
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset['theme'] = theme;
  }, [language, theme]);
  useEffect(() => {
    const ask = () => api.me().then(setWho, () => setWho(undefined));
    if (!brought) return void ask();
    api.comeFromProvider(brought).then(setWho, reason => {
      setFault(reason);
      void ask(); // he may be in already
    });
  }, [api, brought]);
  if (who === 'asking') return null;
  const look = { language, setLanguage, theme, setTheme, say };
  if (!who) return <Entrance api={api} look={look} enter={setWho} first={fault} />;
  const leave = () => {
    const out = () => setWho(undefined);
    void api.logout().then(url => (url === null ? out() : location.assign(url)), out);
  };
  return <Shell api={api} who={who} look={look} leave={leave} />;
}
