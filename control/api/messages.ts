/** What control and the API process say to each other. */
import type { ApiModel } from '#model/api.ts';
import type { TokenRecord } from './token/token.ts';

export interface ApiService {
  readonly model: Omit<ApiModel, 'statePath' | 'auditLimitBytes'>;
  /** Listening sockets that it was started with, from this descriptor on; one for each of `listens`. */
  readonly firstFd: number;
  readonly user: { readonly name: string; readonly group: string } | undefined;
  readonly version: string;
}

export type ToApi =
  /** Comes once: becomes the user, and answers on the sockets. */
  | { readonly kind: 'serve'; readonly service: ApiService; readonly tokens: readonly TokenRecord[] }
  /** From now on these are believed, and no others. */
  | { readonly kind: 'tokens'; readonly tokens: readonly TokenRecord[] };

/** What the process says unasked, to be logged. */
export interface ApiNews {
  readonly level: 'error' | 'warn' | 'notice';
  readonly message: string;
}
