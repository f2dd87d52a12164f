/** The frame around all screens: where one is, whose node it is, and whether the figures are live. */
import { useEffect, useMemo, useState } from 'react';
import type { Api } from './api.ts';
import { type Look, LookButtons } from './look.tsx';
import { AlertsPage } from './pages/alerts.tsx';
import { AuditPage } from './pages/audit.tsx';
import { CertificatesPage } from './pages/certificates.tsx';
import { ClusterPage } from './pages/cluster.tsx';
import { ConfigPage } from './pages/config.tsx';
import { ExplorePage } from './pages/explore.tsx';
import { L4Page } from './pages/l4.tsx';
import { L7Page } from './pages/l7.tsx';
import { LogsPage } from './pages/logs.tsx';
import { Overview } from './pages/overview.tsx';
import { SettingsPage } from './pages/settings.tsx';
import { StickyPage } from './pages/sticky.tsx';
import { TopologyPage } from './pages/topology.tsx';
import { UsersPage } from './pages/users.tsx';
import { WafPage } from './pages/waf.tsx';
import type { Who } from './shapes.ts';
import { SharedContext, useLive } from './state.tsx';
import { stateText } from './words/states.ts';

const PAGES = {
  overview: Overview,
  topology: TopologyPage,
  l4: L4Page,
  l7: L7Page,
  sticky: StickyPage,
  explore: ExplorePage,
  cluster: ClusterPage,
  waf: WafPage,
  certificates: CertificatesPage,
  alerting: AlertsPage,
  config: ConfigPage,
  users: UsersPage,
  logs: LogsPage,
  audit: AuditPage,
  settings: SettingsPage,
} as const;
type PageName = keyof typeof PAGES;
const NAMES = Object.keys(PAGES) as PageName[];

const pageNow = (): PageName => NAMES.find(name => location.hash === `#/${name}`) ?? 'overview';

export function Shell({ api, who, look, leave }: { api: Api; who: Who; look: Look; leave: () => void }) {
  const [page, setPage] = useState(pageNow);
  const { live, points, isConnected } = useLive(api);
  const { say, language } = look;
  useEffect(() => {
    const follow = () => setPage(pageNow());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  useEffect(() => {
    document.title = `${say(page)} · moat`;
  }, [page, say]);
  const shared = useMemo(
    () => ({ api, who, language, live, points, isConnected, say }),
    [api, who, language, live, points, isConnected, say],
  );
  const Page = PAGES[page];
  return (
    <SharedContext value={shared}>
      <button type="button" className="skip" onClick={() => document.getElementById('content')?.focus()}>
        {say('skip')}
      </button>
      <div className="shell">
        <nav aria-label={say('navigation')}>
          <div className="brand">
            <img src="/icon.svg" alt="" width="28" height="28" /> moat
          </div>
          <ul>
            {NAMES.map(name => (
              <li key={name}>
                <a href={`#/${name}`} aria-current={name === page ? 'page' : undefined}>
                  {say(name)}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <header>
          <span className={`light ${isConnected ? 'good' : 'bad'}`} role="status">
            {say(isConnected ? 'live' : 'offline')}
          </span>
          {live && <span className="faint">{say('revision', { n: live.revision })}</span>}
          <span className="grow" />
          <LookButtons {...look} />
          <span className="user">
            {who.name} <small>{stateText(who.role, language)}</small>
          </span>
          <button type="button" className="quiet" onClick={leave}>
            {say('logout')}
          </button>
        </header>
        <main id="content" tabIndex={-1}>
          <h1>{say(page)}</h1>
          <Page />
        </main>
      </div>
    </SharedContext>
  );
}
