/** What is kept of a request in which rules of the WAF matched: enough to judge it, and to judge it again by other rules. */

/** One value that a rule, or a link of its chain, matched. */
export interface WafEventMatch {
  /** As in `ARGS:name`. */
  readonly variable: string;
  /** As it came, cut. */
  readonly value: string;
  /** As the operator saw it, cut. */
  readonly transformed: string;
  /** What of it matched, where the operator can tell. */
  readonly part: string | undefined;
  /** Of the rule or link: `@rx ...` as written. */
  readonly operator: string;
  readonly transformations: readonly string[];
}

export interface WafEventRule {
  readonly id: number;
  readonly message: string;
  /** What the rule says of the match, macros filled in. */
  readonly data: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly file: string;
  readonly line: number;
  readonly matches: readonly WafEventMatch[];
}

export interface WafEventRequest {
  readonly method: string;
  /** As sent. */
  readonly target: string;
  readonly protocol: string;
  /** Name, value, name, value; what authenticates is masked. */
  readonly headers: readonly string[];
  /** The beginning, latin1, fields that look like passwords masked; '' when it was not read. */
  readonly body: string;
  /** Bytes of the whole body. */
  readonly bodyBytes: number;
}

/** What found fault with a request. */
export type WafEventSource = 'rules' | 'upload' | 'csrf' | 'ban' | 'challenge' | 'mask';

export interface WafEvent {
  /** `$request_id`. */
  readonly id: string;
  readonly timeMs: number;
  readonly action: 'pass' | 'detect' | 'block';
  readonly source: WafEventSource;
  /** Why, where no rule says so; '' else. */
  readonly reason: string;
  readonly status: number;
  readonly score: number;
  readonly clientAddress: string;
  /** Where the request came in. */
  readonly listener: { readonly address: string; readonly port: number; readonly tls: boolean };
  /** As the client meant it, lower case. */
  readonly host: string;
  /** Decoded, without arguments. */
  readonly path: string;
  /** The first name of the server, as the configuration writes it. */
  readonly server: string;
  /** The location as the configuration writes it. */
  readonly location: string;
  /** Where the location stands: its settings judge the request again. */
  readonly site: { readonly file: string; readonly line: number };
  /** Phase of the decision, 1..5; 0 where there is none. */
  readonly phase: number;
  readonly request: WafEventRequest;
  readonly rules: readonly WafEventRule[];
}

/** What requests consist of, as far as rules mind it: a method, a media type, a host, the name of a parameter, field or cookie. */
export const LEARNED_KINDS = ['method', 'type', 'host', 'header', 'cookie', 'param'] as const;
export type LearnedKind = (typeof LEARNED_KINDS)[number];

/** How often something came in requests to one place. */
export interface LearnedFact {
  /** The server's first name, a space, and the location, as the configuration writes them. */
  readonly place: string;
  readonly kind: LearnedKind;
  /** Names in lower case, but those of parameters. */
  readonly value: string;
  readonly requests: number;
  /** Of these, how often a rule took offence at this very thing. */
  readonly flagged: number;
  /** Of these, how often the server answered with a status below 400. */
  readonly accepted: number;
  /** Digests of the first clients' addresses, different ones. */
  readonly clients: readonly number[];
  /** In ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** More of them tell nothing more. */
export const MOST_LEARNED_CLIENTS = 32;

export const learnedPlace = (server: string, location: string): string => `${server} ${location}`;

/** Where events are kept. */
export interface WafEventStore {
  readonly path: string;
  /** The oldest events go when the file would be larger. */
  readonly limitBytes: number;
}

/** Of the file of events, where the configuration does not say. */
export const DEFAULT_EVENTS_BYTES = 64 << 20;
