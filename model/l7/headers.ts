/** Settings of the headers module: add_header, add_trailer, expires. */
import type { Template } from '../template.ts';

export interface AddedHeader {
  readonly name: string;
  readonly value: Template;
  /** Added to every status, not only to 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308. */
  readonly always: boolean;
}

/** `expires`: a time from now, from the file's own, at a time of day, or one of the fixed words. */
export type Expires =
  | { readonly kind: 'off' | 'epoch' | 'max' }
  | { readonly kind: 'access' | 'modified'; readonly offsetMs: number }
  | { readonly kind: 'daily'; readonly timeOfDayMs: number }
  | { readonly kind: 'variable'; readonly value: Template };

export interface HeadersSettings {
  readonly added: readonly AddedHeader[];
  readonly addedInherit: 'on' | 'off' | 'merge';
  readonly trailers: readonly AddedHeader[];
  readonly trailersInherit: 'on' | 'off' | 'merge';
  readonly expires: Expires;
}

export const HEADERS_DEFAULTS: HeadersSettings = {
  added: [],
  addedInherit: 'on',
  trailers: [],
  trailersInherit: 'on',
  expires: { kind: 'off' },
};
