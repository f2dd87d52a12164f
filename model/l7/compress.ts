/** Settings of the filters that compress answers, one slice for each coding, and of the one that undoes gzip. */
import type { Pattern } from '../template.ts';

/** The codings that can be made while an answer is sent; each is a slice of the settings. */
export const CODINGS = ['gzip', 'brotli', 'zstd'] as const;
export type Coding = (typeof CODINGS)[number];

/** Media types, lower case; 'any' for `*`. */
export type MediaTypes = 'any' | readonly string[];

/** What every coding has. */
export interface CodingSettings {
  readonly enabled: boolean;
  /** text/html is always among them. */
  readonly types: MediaTypes;
  /** Answers whose length is known and below this are left as they are. */
  readonly minLengthBytes: number;
  readonly level: number;
}

/** Which answers get gzip although the request came by a proxy, that is with a Via. */
export const GZIP_PROXIED_CASES = [
  'off',
  'expired',
  'no-cache',
  'no-store',
  'private',
  'no_last_modified',
  'no_etag',
  'auth',
  'any',
] as const;
export type GzipProxiedCase = (typeof GZIP_PROXIED_CASES)[number];

export interface GzipSettings extends CodingSettings {
  /** The oldest HTTP/1.x whose clients get gzip. */
  readonly httpMinor: 0 | 1;
  readonly proxied: readonly GzipProxiedCase[];
  /** Whether answers that could come in another coding say `Vary: Accept-Encoding`. */
  readonly vary: boolean;
  /** Clients, by User-Agent, that get no gzip. */
  readonly disable: readonly Pattern[];
  /** Whether gzip is undone for clients that do not take it. */
  readonly gunzip: boolean;
}

export interface BrotliSettings extends CodingSettings {
  /** A power of two. */
  readonly windowBytes: number;
}

const CODING: CodingSettings = { enabled: false, types: ['text/html'], minLengthBytes: 20, level: 1 };

export const GZIP_DEFAULTS: GzipSettings = {
  ...CODING,
  httpMinor: 1,
  proxied: ['off'],
  vary: false,
  disable: [],
  gunzip: false,
};

export const BROTLI_DEFAULTS: BrotliSettings = { ...CODING, level: 6, windowBytes: 512 * 1024 };

export const ZSTD_DEFAULTS: CodingSettings = CODING;
