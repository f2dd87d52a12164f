/** What control and the API process say to each other. */
import type { ApiModel } from '#model/api.ts';
import type { TokenRecord } from './token/token.ts';
import type { SessionRecord } from './user/session.ts';

/** Who is believed, and nobody else. */
export interface Believed {
  readonly tokens: readonly TokenRecord[];
  readonly sessions: readonly SessionRecord[];
}

export interface ApiService {
  readonly model: Omit<ApiModel, 'statePath' | 'auditLimitBytes' | 'oidc'>;
  /** Listening sockets that it was started with, from this descriptor on; one for each of `listens`. */
  readonly firstFd: number;
  readonly user: { readonly name: string; readonly group: string } | undefined;
  readonly version: string;
  /** Where metrics are kept over restarts. */
  readonly historyPath: string;
  /** Where alerts are. */
  readonly alertsPath: string;
}

export type ToApi =
  /** Comes once: becomes the user, and answers on the sockets. */
  | { readonly kind: 'serve'; readonly service: ApiService; readonly believed: Believed }
  | { readonly kind: 'believe'; readonly believed: Believed }
  /** Takes no connections any more; answered when all requests are. */
  | { readonly kind: 'leave' };

/** What the process says unasked. */
export type ApiNews =
  | { readonly kind: 'log'; readonly level: 'error' | 'warn' | 'notice'; readonly message: string }
  /** Sessions that were used, and when last, in ms since 1970. */
  | { readonly kind: 'seen'; readonly times: ReadonlyMap<string, number> };
