/** Settings of the headers module: add_header, add_trailer, expires. */
import { parseDurationMs } from '#kit/units.ts';
import type { Template } from '../template.ts';

export interface AddedHeader {
  readonly name: string;
  readonly value: Template;
  /** Added to every status, not only to 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308. */
  readonly always: boolean;
}

/** A time from now or from the file's own (below zero: in the past), or one at a time of day. */
export type CountedExpires =
  | { readonly kind: 'access' | 'modified'; readonly offsetS: number }
  | { readonly kind: 'daily'; readonly timeOfDayS: number };

/** Also one of the fixed words. */
export type FixedExpires = CountedExpires | { readonly kind: 'off' | 'epoch' | 'max' };

/** `expires`: what the configuration says, or a text that is read in each request. */
export type Expires =
  | FixedExpires
  | { readonly kind: 'variable'; readonly value: Template; readonly from: 'access' | 'modified' };

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

const DAY_S = 86_400;

/**
 * Reads the time of `expires`: `30d`, `-1`, `@15h30m`, `epoch`, `max`, `off`.
 *
 * @param from what a time counts from; from the time of the file the words and times of day make no sense
 * @returns undefined when the text is none of these
 */
export function parseExpires(text: string, from: 'access' | 'modified'): FixedExpires | undefined {
  if (from === 'access' && (text === 'epoch' || text === 'max' || text === 'off')) return { kind: text };
  const daily = text.startsWith('@');
  if (daily && from === 'modified') return undefined;
  const ms = parseDurationMs(text.replace(/^[@+-]/, ''));
  if (ms === undefined || ms % 1000 !== 0) return undefined;
  const seconds = ms / 1000;
  if (daily) return seconds > DAY_S ? undefined : { kind: 'daily', timeOfDayS: seconds };
  return { kind: from, offsetS: text.startsWith('-') ? -seconds : seconds };
}
