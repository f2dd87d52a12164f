/** Tells the time of a file, in answers that carry it: not in an error page that happens to be a file. */
import { httpDateOf } from '../clock.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';

export function lastModifiedFilter({ location }: Compiler): HeaderFilter | undefined {
  const { kind } = location.content;
  if (kind !== 'static' && kind !== 'empty-gif') return undefined;
  return (_, { status, lastModifiedMs, headers }) => {
    if (lastModifiedMs === undefined || (status !== 200 && status !== 206 && status !== 304)) return;
    if (!headers.has('last-modified')) headers.append('Last-Modified', httpDateOf(lastModifiedMs));
  };
}
