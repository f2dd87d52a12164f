/** What control and the process that speaks to an OpenID Connect provider say to each other. */
import type { OidcModel } from '#model/api.ts';
import type { ProcessModel } from '#model/main.ts';

/** What of a login under way the provider's answer is held against. */
export interface Login {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
  readonly redirectUri: string;
  /** The provider is to ask for the password, whoever is logged in there. */
  readonly again: boolean;
}

/** What the browser brings back. */
export interface Brought {
  readonly code: string;
  /** Of the provider (RFC 9207). */
  readonly iss?: string | undefined;
}

/** Whom the provider says it is; texts are bytes. */
export interface Person {
  readonly subject: string;
  /** Printable ASCII. */
  readonly name: string;
  /** Of the claim that gives the role, those that one of the roles asks for. */
  readonly values: readonly string[];
  /** When he proved himself, ms since 1970; undefined: it does not say. */
  readonly provenMs: number | undefined;
}

/** Somebody who has come, with what ends his session at the provider. */
export interface Arrival extends Person {
  /** Signed by the provider; undefined: longer than an address can bear. */
  readonly idToken: string | undefined;
}

/** A logout at the provider (OpenID Connect RP-Initiated Logout 1.0, 2). */
export interface Leave {
  readonly idToken: string | undefined;
  /** Where the browser is to come back to. */
  readonly back: string;
}

/** `away`: the provider does not answer; `refused`: what it, or the browser, says is not good. */
export interface Failure {
  readonly failed: 'away' | 'refused';
  /** For the log: no part of a token or a code is in it. */
  readonly why: string;
}

export type OidcDemand = { readonly provider: OidcModel; readonly user: ProcessModel['user'] } & (
  | { readonly kind: 'begin'; readonly login: Login }
  | { readonly kind: 'finish'; readonly login: Login; readonly brought: Brought }
  | { readonly kind: 'leave'; readonly leave: Leave }
);

export interface OidcAnswers {
  /** Where the browser goes. */
  begin: { readonly url: string };
  finish: Arrival;
  /** Where the browser goes; undefined: the provider has no such place. */
  leave: { readonly url: string | undefined };
}
