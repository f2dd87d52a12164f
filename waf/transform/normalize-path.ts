/** `t:normalizePath` and `t:normalizePathWin`: a path without empty segments, `.` and `..` (RFC 3986, section 5.2.4). */
import type { Transform } from './transform.ts';

/**
 * Applies one segment to those kept so far. `..` takes the last one away; above the root it vanishes from an
 * absolute path, and stays at the head of a relative one.
 */
function applySegment(kept: string[], segment: string, isAbsolute: boolean): void {
  if (segment === '' || segment === '.') return;
  if (segment !== '..') kept.push(segment);
  else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
  else if (!isAbsolute) kept.push('..');
}

/** A trailing slash is kept if there was one. */
function normalize(path: string): string {
  if (!/^\.|\/[./]/.test(path)) return path;
  const isAbsolute = path.startsWith('/');
  const kept: string[] = [];
  for (const segment of path.split('/')) applySegment(kept, segment, isAbsolute);
  const body = (isAbsolute ? '/' : '') + kept.join('/');
  return path.endsWith('/') && kept.length > 0 ? `${body}/` : body;
}

const DOC = 'Drops empty segments, /./ and /../ with the segment before it';

/** Both spellings of the name are in use. */
const under = (name: string, doc: string, reactsTo: string, run: (value: string) => string): Transform => ({
  name,
  doc,
  reactsTo,
  reactsToLeadingDot: true,
  run,
});

const normalizeWin = (value: string): string => normalize(value.replaceAll('\\', '/'));

export const normalizePath = under('normalizePath', `${DOC}.`, '/', normalize);
export const normalisePath = under(
  'normalisePath',
  `${DOC} (the older spelling of normalizePath).`,
  '/',
  normalize,
);
export const normalizePathWin = under(
  'normalizePathWin',
  `As normalizePath, with \\ taken for / first.`,
  '/\\',
  normalizeWin,
);
export const normalisePathWin = under(
  'normalisePathWin',
  `The older spelling of normalizePathWin.`,
  '/\\',
  normalizeWin,
);
