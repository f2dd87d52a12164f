/** Conditional requests (RFC 9110 §13): 304 and 412 in place of a response, by its time and its ETag. */
import type { Response } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { parseHttpDate } from '../wire/http-date.ts';

export function notModifiedFilter({ location }: Compiler): HeaderFilter {
  const mode = location.settings.core.ifModifiedSince;
  return (exchange, response) => {
    if (!response.conditional || response.status !== 200 || exchange.main !== exchange) return 0;
    const { headers } = exchange.head;
    const unmodifiedSince = headers.get('if-unmodified-since');
    if (unmodifiedSince !== undefined && !unmodified(unmodifiedSince, response)) return 412;
    const match = headers.joined('if-match');
    if (match !== undefined && !matches(match, response, 'strong')) return 412;
    const modifiedSince = headers.get('if-modified-since');
    const noneMatch = headers.joined('if-none-match');
    if (modifiedSince === undefined && noneMatch === undefined) return 0;
    if (modifiedSince !== undefined && modified(modifiedSince, response, mode)) return 0;
    if (noneMatch !== undefined && !matches(noneMatch, response, 'weak')) return 0;
    toNotModified(response);
    return 0;
  };
}

function toNotModified(response: Response): void {
  response.status = 304;
  response.reason = undefined;
  response.noContent();
  response.allowRanges = false;
  response.headers.remove('accept-ranges');
  response.headers.remove('content-encoding');
}

function unmodified(since: string, { lastModifiedMs }: Response): boolean {
  const sinceMs = parseHttpDate(since);
  return lastModifiedMs !== undefined && sinceMs !== undefined && sinceMs >= lastModifiedMs;
}

/** A response without a time counts as modified. */
function modified(since: string, { lastModifiedMs }: Response, mode: 'off' | 'exact' | 'before'): boolean {
  if (lastModifiedMs === undefined || mode === 'off') return true;
  const sinceMs = parseHttpDate(since);
  if (sinceMs === lastModifiedMs) return false;
  return mode === 'exact' || sinceMs === undefined || sinceMs < lastModifiedMs;
}

/** Weakly compared, `W/"x"` and `"x"` are the same (RFC 9110 §8.8.3.2). */
function matches(list: string, response: Response, compare: 'strong' | 'weak'): boolean {
  if (list === '*') return true;
  const etag = response.headers.get('etag');
  if (etag === undefined) return false;
  const plain = (tag: string) => (compare === 'weak' && tag.startsWith('W/') ? tag.slice(2) : tag);
  const own = plain(etag);
  return entityTags(list).some(tag => plain(tag) === own);
}

/** A comma within quotes belongs to the tag. */
const entityTags = (list: string): readonly string[] =>
  (list.match(/(?:"[^"]*"|[^,])+/g) ?? []).map(tag => tag.trim());
