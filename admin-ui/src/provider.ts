/** The way to an OpenID Connect provider and back, as the address bar sees it. */
import { type Api, ApiFault } from './api.ts';
import type { Brought } from './shapes.ts';
import type { Say } from './state.tsx';

const PATH = '/login/oidc';
const KEPT = 'moat.back';

/** Whoever begins is to come back to the screen that he was at. */
export async function goToProvider(api: Api, again = false): Promise<void> {
  sessionStorage.setItem(KEPT, location.hash);
  location.assign(await api.beginByProvider(again));
}

/** What the provider has sent leaves the address bar at once. */
export function broughtBack(): Brought | undefined {
  if (location.pathname !== PATH) return undefined;
  const said = new URLSearchParams(location.search);
  const hash = sessionStorage.getItem(KEPT) ?? '';
  history.replaceState(null, '', `/${hash.startsWith('#') ? hash : ''}`);
  const [state, code, iss, error] = ['state', 'code', 'iss', 'error'].map(name => said.get(name));
  if (!state) return undefined;
  return { state, ...(code && { code }), ...(iss && { iss }), ...(error && { error }) };
}

const WORDS = {
  'no-login': 'providerNoLogin',
  'provider-refused': 'providerRefused',
  'bad-answer': 'providerBad',
  'no-role': 'providerNoRole',
  'provider-away': 'providerAway',
} as const;

/** Why nobody is let in, in the language of the screen. */
export function loginFault(reason: unknown, say: Say): string {
  const code = reason instanceof ApiFault ? reason.problem.code : '';
  return code in WORDS ? say(WORDS[code as keyof typeof WORDS]) : (reason as Error).message;
}
