/** Directives of nginx that moat knows by name and does not implement, each with what to do instead. */
import { HTTP_ONLY } from './http.ts';
import { OTHER_ONLY } from './other.ts';
import { STREAM_AND_MAIL_ONLY } from './stream-mail.ts';
import { TO_SERVERS_ONLY } from './to-servers.ts';

/**
 * Names, parted by blanks, and the one hint for all of them: lower case, no full stop. A row with `beside` has settings
 * that change nothing but how those do their work: where these are missing they are idle, and where they stand they are
 * told themselves.
 */
export type Rows = readonly (readonly [names: string, hint: string, beside?: string])[];

export interface NginxOnly {
  readonly hint: string;
  /** What it tunes. Alone it has no effect in nginx either, so it stands in the way of nothing. */
  readonly beside: string | undefined;
}

const ROWS: Rows = [...HTTP_ONLY, ...TO_SERVERS_ONLY, ...STREAM_AND_MAIL_ONLY, ...OTHER_ONLY];

export const NGINX_ONLY: ReadonlyMap<string, NginxOnly> = new Map(
  ROWS.flatMap(([names, hint, beside]) => names.split(/\s+/).map(name => [name, { hint, beside }] as const)),
);
