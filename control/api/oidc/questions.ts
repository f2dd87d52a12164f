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

/** `away`: the provider does not answer; `refused`: what it, or the browser, says is not good. */
export interface Failure {
  readonly failed: 'away' | 'refused';
  /** For the log: no part of a token or a code is in it. */
  readonly why: string;
}

export type OidcDemand = { readonly provider: OidcModel; readonly user: ProcessModel['user'] } & (
  | { readonly kind: 'begin'; readonly login: Login }
  | { readonly kind: 'finish'; readonly login: Login; readonly brought: Brought }
);

export interface OidcAnswers {
  /** Where the browser goes. */
  begin: { readonly url: string };
  finish: Person;
}
