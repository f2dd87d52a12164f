/** charset: which charset answers say they have, and the tables by which one is made of another. */
import type { Template } from '../template.ts';
import type { MediaTypes } from './compress.ts';

export interface CharsetSettings {
  /** Undefined: nothing is said. */
  readonly to: Template | undefined;
  /** What contents are written in; undefined: nothing is known, and they are sent as they are. */
  readonly from: Template | undefined;
  /** Whether what a server said is replaced. */
  readonly override: boolean;
  readonly types: MediaTypes;
}

export const CHARSET_DEFAULTS: CharsetSettings = {
  to: undefined,
  from: undefined,
  override: false,
  types: [
    'text/html',
    'text/xml',
    'text/plain',
    'text/vnd.wap.wml',
    'application/javascript',
    'application/rss+xml',
  ],
};

/** `charset_map`: it serves both ways. Names are lower case. */
export interface CharsetMap {
  readonly from: string;
  readonly to: string;
  /** A byte of `from`, and the bytes of `to` that stand for it: one, or those of a character in UTF-8. */
  readonly rows: readonly (readonly [byte: number, bytes: string])[];
}

export interface Charsets {
  /** All that the configuration names, lower case. */
  readonly names: readonly string[];
  readonly maps: readonly CharsetMap[];
}
