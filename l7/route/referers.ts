/** Judges the Referer of requests, for `$invalid_referer`. */
import { asciiLower } from '#kit/ascii.ts';
import { regexOf } from '#kit/pcre.ts';
import type { RefererSettings } from '#model/l7/referer.ts';
import { oncePer } from '../once-per.ts';
import { HostnameTable } from './hostname-table.ts';

/** nginx looks at no longer host. */
const MOST_HOST_BYTES = 256;
const SHORTEST = 'http://i.ru'.length;

/** @param referer undefined when the request has none */
export type RefererJudge = (referer: string | undefined) => boolean;

export const compileReferers = oncePer(judgeOf);

function judgeOf({ judged, none, blocked, hosts, hostPatterns, patterns }: RefererSettings): RefererJudge {
  if (!judged) return () => true;
  const table = new HostnameTable(hosts);
  const hostRegexes = hostPatterns.map(regexOf);
  const regexes = patterns.map(regexOf);
  return referer => {
    if (referer === undefined) return none;
    const scheme = referer.length < SHORTEST ? undefined : /^https?:\/\//i.exec(referer)?.[0];
    if (scheme === undefined) return blocked;
    const rest = referer.slice(scheme.length);
    const host = asciiLower(/^[^/:]*/.exec(rest)![0]);
    if (host.length > MOST_HOST_BYTES) return false;
    const prefix = table.find(host);
    if (prefix !== undefined) return prefix === '' || pathOf(rest).startsWith(prefix);
    return hostRegexes.some(regex => regex.test(host)) || regexes.some(regex => regex.test(rest));
  };
}

/** What begins with the first slash; '' when there is none. */
function pathOf(rest: string): string {
  const slash = rest.indexOf('/');
  return slash === -1 ? '' : rest.slice(slash);
}
