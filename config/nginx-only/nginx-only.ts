/** Directives of nginx that moat knows by name and does not implement, each with what to do instead. */
import { HTTP_ONLY } from './http.ts';
import { OTHER_ONLY } from './other.ts';
import { STREAM_AND_MAIL_ONLY } from './stream-mail.ts';
import { TO_SERVERS_ONLY } from './to-servers.ts';

/** Names, parted by blanks, and the one hint for all of them: lower case, no full stop. */
export type Rows = readonly (readonly [names: string, hint: string])[];

const ROWS: Rows = [...HTTP_ONLY, ...TO_SERVERS_ONLY, ...STREAM_AND_MAIL_ONLY, ...OTHER_ONLY];

/** Name → hint. */
export const NGINX_ONLY: ReadonlyMap<string, string> = new Map(
  ROWS.flatMap(([names, hint]) => names.split(/\s+/).map(name => [name, hint] as const)),
);
