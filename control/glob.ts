/** File names by pattern, as glob(3) finds them for `include`. */
import { existsSync, readdirSync } from 'node:fs';

const WILD = /[*?[]/;

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/**
 * Finds what an absolute pattern names, sorted by bytes. A name that starts with a dot wants a pattern that does.
 *
 * @param pattern a latin1 string
 */
export function glob(pattern: string): string[] {
  let found = [''];
  for (const part of pattern.split('/').slice(1)) {
    found = WILD.test(part)
      ? found.flatMap(dir => namesIn(dir, matcherOf(part)).map(name => `${dir}/${name}`))
      : found.map(dir => `${dir}/${part}`).filter(path => existsSync(bytes(path)));
  }
  return found.sort();
}

function namesIn(dir: string, matcher: RegExp): string[] {
  try {
    return readdirSync(bytes(dir || '/'), 'latin1').filter(name => matcher.test(name));
  } catch {
    return []; // as glob(3): what is no readable folder holds no match
  }
}

function matcherOf(part: string): RegExp {
  const body = part.replace(/\[[!^]?\]?[^\]]*\]|[\\^$.*+?()[\]{}|]/g, piece => {
    if (piece === '*') return '[^/]*';
    if (piece === '?') return '[^/]';
    if (piece.length > 1) return `[${piece.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
    return `\\${piece}`;
  });
  return new RegExp(`^${part.startsWith('.') ? '' : '(?!\\.)'}${body}$`, 's');
}
