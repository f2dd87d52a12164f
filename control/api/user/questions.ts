/** What the API process asks of those who let people in: users, passwords and codes are control's alone. */
import type { ShownToken, TokenOrder } from '../token/store.ts';
import type { Role } from '../token/token.ts';
import type { SessionRecord } from './session.ts';
import type { ShownSession } from './session-store.ts';
import type { ShownUser } from './store.ts';

/** Somebody is in: the cookie is told this once. */
export interface Entry {
  readonly cookie: string;
  readonly session: SessionRecord;
}

interface Proof {
  readonly password: string;
  /** Of an authenticator, or one for who has lost it. */
  readonly code?: string | undefined;
}

export interface UserChange {
  readonly role?: Role | undefined;
  readonly disabled?: boolean | undefined;
  readonly password?: string | undefined;
  /** Takes the second factor away. */
  readonly resetTotp?: boolean | undefined;
}

/** Question → what comes with it, and the answer. `session`: the id of who asks. */
export interface IdentityQuestions {
  'needs-setup': { readonly input: undefined; readonly output: boolean };
  setup: {
    readonly input: { readonly link: string; readonly name: string; readonly password: string };
    readonly output: Entry;
  };
  /** The session that the browser had before ends. */
  login: {
    readonly input: Proof & { readonly name: string; readonly former?: string | undefined };
    readonly output: Entry;
  };
  /** What there is beside passwords. */
  'login-ways': { readonly input: undefined; readonly output: { readonly oidc: string | undefined } };
  /** The ticket is for the cookie of this browser alone. `origin`: of the console, as the browser sees it. */
  'oidc-begin': {
    readonly input: { readonly origin: string; readonly again?: boolean | undefined };
    readonly output: { readonly url: string; readonly ticket: string };
  };
  /** The session that the browser had before ends. */
  'oidc-finish': {
    readonly input: {
      readonly ticket: string | undefined;
      readonly state: string;
      readonly code?: string | undefined;
      readonly iss?: string | undefined;
      readonly error?: string | undefined;
      readonly former?: string | undefined;
    };
    readonly output: Entry;
  };
  /** `url`: where a session at the provider is ended, too. `origin`: of the console, as the browser sees it. */
  logout: {
    readonly input: { readonly session: string; readonly origin: string };
    readonly output: { readonly url: string | undefined };
  };
  'log-in-again': { readonly input: Proof & { readonly session: string }; readonly output: SessionRecord };
  'own-password': {
    readonly input: { readonly session: string; readonly old: string; readonly password: string };
    readonly output: Entry;
  };
  'totp-enrol': {
    readonly input: { readonly session: string };
    readonly output: { readonly secret: string; readonly uri: string };
  };
  'totp-confirm': {
    readonly input: { readonly session: string; readonly code: string };
    readonly output: { readonly entry: Entry; readonly recoveryCodes: readonly string[] };
  };
  'totp-disable': { readonly input: { readonly session: string }; readonly output: Entry };
  users: { readonly input: undefined; readonly output: readonly ShownUser[] };
  'user-add': {
    readonly input: { readonly name: string; readonly role: Role; readonly password: string };
    readonly output: ShownUser;
  };
  'user-change': { readonly input: UserChange & { readonly name: string }; readonly output: ShownUser };
  'user-remove': { readonly input: { readonly name: string }; readonly output: undefined };
  sessions: {
    readonly input: { readonly user?: string | undefined };
    readonly output: readonly ShownSession[];
  };
  /** `user`: only one of his. */
  'session-end': {
    readonly input: { readonly id: string; readonly user?: string | undefined };
    readonly output: undefined;
  };
  tokens: { readonly input: undefined; readonly output: readonly ShownToken[] };
  /** The token is told this once. */
  'token-create': {
    readonly input: Omit<Extract<TokenOrder, { kind: 'create' }>, 'kind'>;
    readonly output: { readonly token: string; readonly record: ShownToken };
  };
  'token-revoke': { readonly input: { readonly id: string }; readonly output: undefined };
}

export type IdentityQuestion = keyof IdentityQuestions;
