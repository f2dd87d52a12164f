/** What a route of the API is: data, and one function that answers. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Alerts } from '../alert/alerts.ts';
import type { ChannelState } from '../alert/notifier.ts';
import type { Asker, LogAsk } from '../desk/questions.ts';
import type { History } from '../history/history.ts';
import type { Caller } from '../http/credentials.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import type { Role, Scope } from '../token/token.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

export interface Reply {
  /** 200 if absent. */
  readonly status?: number;
  readonly body?: unknown;
  /** What the ETag is made of. */
  readonly state?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a session that begins; null: it ends. */
  readonly cookie?: string | null;
  /** Cookie of a login by a provider that begins; null: it is over. */
  readonly ticket?: string | null;
  /** Bytes in the place of `body`, one piece after the other. */
  readonly pieces?: AsyncIterable<Uint8Array>;
  /** It goes on for as long as somebody listens. */
  readonly stream?: Stream;
}

/** An answer without an end, as events. @param caller who hears it, for as long as he is believed */
export type Stream = (response: ServerResponse, caller: Caller) => void;

export interface Means {
  readonly desk: RemoteDesk;
  readonly alerts: Alerts;
  readonly channels: () => readonly ChannelState[];
  readonly history: Pick<History, 'names' | 'curve' | 'dropped'>;
  readonly stream: Stream;
  /** Of lines that come into a log. */
  readonly follow: (ask: Pick<LogAsk, 'file' | 'conditions'>) => Stream;
}

export interface Call<P, Q, B> extends Means {
  /** Of the path. */
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly asker: Asker;
  /** Undefined: nobody, on a route that is public. */
  readonly caller: Caller | undefined;
  readonly browser: {
    /** `https://HOST:PORT` of this node, by a name that is its own. */
    readonly origin: string;
    /** Of a login by a provider that it has begun. */
    readonly ticket: string | undefined;
  };
  /** Of a route that takes bytes: as they come. */
  readonly upload: AsyncIterable<Uint8Array>;
}

type Fields = z.ZodObject;
type Empty = z.ZodObject<Record<never, never>>;

interface Definition<P extends Fields, Q extends Fields, B extends z.ZodType> {
  readonly method: Method;
  /** With `{name}` for each of `params`. */
  readonly path: `/${string}`;
  /** What a token needs; `public`: none. There is no route without one. */
  readonly role: Role | 'public';
  /** Undefined: a token of any scope will do. */
  readonly scope: Scope | undefined;
  /** One sentence. */
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** Undefined: a body is refused. */
  readonly body?: B;
  readonly bodyLimitBytes?: number;
  /** The body is bytes (application/octet-stream), which the route reads as they come. */
  readonly takesBytes?: boolean;
  /** Tokens are refused; `fresh-session`: and who has not given his password for a while. */
  readonly needs?: 'session' | 'fresh-session';
  /** Whether something is another after it: then If-Match is asked for, and it goes into the audit log. */
  readonly changes?: boolean;
  /** What it is answered with. */
  readonly reply: z.ZodType;
  /** Status of the usual answer; 200 if absent. */
  readonly status?: number;
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Reply | 'stream'>;
}

/** A route as the table holds it: the types of its parts are shut in. */
export interface Route extends Omit<Definition<Fields, Fields, z.ZodType>, 'handle'> {
  readonly handle: (call: Call<never, never, never>) => Promise<Reply | 'stream'>;
}

export const defineRoute = <
  P extends Fields = Empty,
  Q extends Fields = Empty,
  B extends z.ZodType = z.ZodUndefined,
>(
  route: Definition<P, Q, B>,
): Route => route;

const hasControl = (text: string): boolean =>
  [...text].some(char => char.charCodeAt(0) < 0x20 || char.charCodeAt(0) === 0x7f);

/** A text that goes into orders and logs: its bytes, few, and of one line. */
export const word = (most = 256) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(text => !hasControl(text), 'control characters have no place here');
