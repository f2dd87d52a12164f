/** The way in: a password with a second factor, a token, or the link for the first administrator. */
import { type FormEvent, useEffect, useState } from 'react';
import { type Api, ApiFault } from '../api.ts';
import { type Look, LookButtons } from '../look.tsx';
import { goToProvider, loginFault } from '../provider.ts';
import type { Who } from '../shapes.ts';

/** The secret of a link stands behind the #, which goes to no server; it leaves the address bar at once. */
function linkOf(): string | undefined {
  if (location.pathname !== '/setup' || location.hash.length < 2) return undefined;
  const link = location.hash.slice(1);
  history.replaceState(null, '', '/');
  return link;
}

/** @param first why a login by the provider has come to nothing */
export function Entrance({
  api,
  look,
  enter,
  first,
}: {
  api: Api;
  look: Look;
  enter: (who: Who) => void;
  first: unknown;
}) {
  const { say } = look;
  const [link] = useState(linkOf);
  const [needsSetup, setNeeds] = useState(false);
  const [byToken, setByToken] = useState(false);
  const [wantsCode, setWantsCode] = useState(false);
  const [provider, setProvider] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(first);
  useEffect(() => {
    document.title = 'moat';
    api.needsSetup().then(setNeeds, () => {});
    api.provider().then(setProvider, () => {});
  }, [api]);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const said = new FormData(event.currentTarget);
    const word = (name: string) => String(said.get(name) ?? '');
    setFault(undefined);
    try {
      if (link !== undefined) enter(await api.setUp(link, word('name'), word('password')));
      else if (byToken) enter(await api.me(word('token').trim()));
      else enter(await api.login(word('name'), word('password'), word('code').trim()));
    } catch (reason) {
      const isCode = reason instanceof ApiFault && reason.problem.code === 'code-needed';
      if (isCode) setWantsCode(true);
      else setFault(reason);
    }
  };
  return (
    <main className="entrance">
      <form className="card" onSubmit={event => void submit(event)}>
        <div className="brand">
          <img src="/icon.svg" alt="" width="36" height="36" /> moat
        </div>
        <h1>{say(link === undefined ? 'loginTitle' : 'setupTitle')}</h1>
        {link !== undefined && <p className="faint">{say('setupHint')}</p>}
        {link === undefined && needsSetup && <p className="note warn">{say('needsSetup')}</p>}
        {byToken && link === undefined ? (
          <label>
            {say('token')}
            <input name="token" type="password" autoComplete="off" required />
            <small className="faint">{say('tokenHint')}</small>
          </label>
        ) : (
          <>
            <label>
              {say('name')}
              <input name="name" autoComplete="username" required />
            </label>
            <label>
              {say('password')}
              <input
                name="password"
                type="password"
                autoComplete={link === undefined ? 'current-password' : 'new-password'}
                minLength={link === undefined ? undefined : 12}
                required
              />
            </label>
            {wantsCode && (
              <label>
                {say('code')}
                <input name="code" inputMode="numeric" autoComplete="one-time-code" required />
              </label>
            )}
          </>
        )}
        {fault !== undefined && (
          <p className="note bad" role="alert">
            {loginFault(fault, say)}
          </p>
        )}
        <button type="submit" className="main">
          {say(link === undefined ? 'enter' : 'create')}
        </button>
        {link === undefined && provider !== null && (
          <button type="button" onClick={() => void goToProvider(api).catch(setFault)}>
            {say('loginBy', { name: provider })}
          </button>
        )}
        {link === undefined && (
          <button type="button" className="quiet" onClick={() => setByToken(!byToken)}>
            {say(byToken ? 'usePassword' : 'useToken')}
          </button>
        )}
        <div className="buttons">
          <LookButtons {...look} />
        </div>
      </form>
    </main>
  );
}
