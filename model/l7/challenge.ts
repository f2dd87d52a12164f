/** challenge: who asks for a page is let in when his browser has worked or waited for it. */
import type { Template } from '../template.ts';

/** A crawler that is let in without work, when its address has a name below one of these, and that name its address. */
export interface KnownBot {
  /** What its User-Agent contains, in lower case. */
  readonly agent: string;
  /** Domains, lower case, without dots at either end. */
  readonly domains: readonly string[];
}

export interface ChallengeSettings {
  /** `off`, `on`, or variables: on where the value is neither empty, 0 nor off. */
  readonly when: Template;
  /** On, too, while the workers have more requests in flight than this. */
  readonly inFlight: number | undefined;
  /** Requests that show no page to anybody are refused where they do not carry the cookie; else they pass. */
  readonly strict: boolean;
  /** The work: so many leading zero bits of a SHA-256. */
  readonly bits: number;
  /** How long browsers without JavaScript wait; undefined: they are not let in. */
  readonly waitMs: number | undefined;
  readonly cookie: string;
  /** How long the cookie lets in. */
  readonly lifetimeMs: number;
  /** Shared by all who are to accept the cookie; undefined: drawn by this moat. */
  readonly secret: string | undefined;
  /** Paths that begin with one of these are let in. */
  readonly exempt: readonly string[];
  readonly bots: readonly KnownBot[];
}

export const CHALLENGE_DEFAULTS: ChallengeSettings = {
  when: 'off',
  inFlight: undefined,
  strict: false,
  bits: 16,
  waitMs: 5000,
  cookie: 'moat_challenge',
  lifetimeMs: 86_400_000,
  secret: undefined,
  exempt: [],
  bots: [],
};
