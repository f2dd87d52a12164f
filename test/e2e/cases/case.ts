/** The form of one compared request, and of a site with all of its requests. */
import type { Answer } from '../upstream.ts';

/** What a request carries beyond its line; `Connection: close` is added where no connection field is named. */
export type Also = {
  /** The Host field; the site's own name unless told, none when null. */
  host?: string | null;
  headers?: Readonly<Record<string, string | readonly string[]>>;
  body?: string;
  version?: '1.0' | '1.1';
  /** The listener, by the port written in the example; 8080 unless told. */
  to?: number;
  /** TLS: the name in the greeting (the Host unless told, none when ''), highest version, ciphers, a client certificate. */
  tls?: { sni?: string; max?: 'TLSv1.2'; ciphers?: string; certificate?: string };
  /** All bytes to send in place of a request; `{host}` stands for the site's name. Ends in a close by the server. */
  raw?: string;
  /** The methods of the answers to expect in `raw`, for their framing; one GET unless told. */
  methods?: readonly string[];
};

/** The status nginx gives (0: closed without an answer), `METHOD target`, and the rest. */
export type Case = readonly [status: number, ask: string, also?: Also];

export type Site = {
  /** The folder in examples/. */
  readonly folder: string;
  readonly host: string;
  /** Ports written in the example's configuration: those it listens on, and who answers behind it (null: nobody). */
  readonly listeners: readonly number[];
  readonly servers: Readonly<Record<number, Answer | null>>;
  readonly groups: Readonly<Record<string, readonly Case[]>>;
};

/** The same request with each of several targets. */
export const each = (status: number, method: string, targets: readonly string[], also: Also = {}): Case[] =>
  targets.map(target => [status, `${method} ${target}`, also] as const);

/** The same request with each of several sets of header fields. */
export const withEach = (status: number, ask: string, variants: readonly Also['headers'][]): Case[] =>
  variants.map(headers => [status, ask, { headers: headers! }] as const);
