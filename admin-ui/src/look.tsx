/** Language and theme, on every page. */
import type { Language, Say, Theme } from './state.tsx';

export interface Look {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
  readonly say: Say;
}

export function LookButtons({ language, setLanguage, theme, setTheme, say }: Look) {
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <>
      <button type="button" className="quiet" onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}>
        {language === 'en' ? '中文' : 'English'}
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => setTheme(other)}
        aria-label={`${say('theme')}: ${say(other)}`}
      >
        {say(other)}
      </button>
    </>
  );
}
