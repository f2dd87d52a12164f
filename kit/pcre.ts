/** Perl-compatible regular expressions, as nginx writes them, in JavaScript's syntax. */

export class PatternFault extends Error {}

/** A JavaScript pattern: works on latin1 strings, without the `u` flag. */
export interface Translated {
  readonly source: string;
  readonly flags: '' | 'i';
  readonly names: readonly string[];
}

const POSIX_CLASS: Record<string, string> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9a-fA-F',
  word: '\\w',
  cntrl: '\\x00-\\x1f\\x7f',
  print: '\\x20-\\x7e',
  graph: '\\x21-\\x7e',
  ascii: '\\x00-\\x7f',
};

/**
 * Translates a pattern: `(?P<n>`, `\A` `\z` `\Z` `\h`, POSIX classes, `\Q..\E`, leading `(?i)`, comments,
 * possessive quantifiers and atomic groups (as a lookahead with a back reference).
 *
 * @param ignoreCase whether the directive asked for it (`~*`)
 * @throws {PatternFault} when the pattern is malformed or has no counterpart
 */
export function translatePattern(pcre: string, ignoreCase = false): Translated {
  let flags: '' | 'i' = ignoreCase ? 'i' : '';
  let body = pcre;
  const inline = /^\(\?([ims]+)\)/.exec(body);
  let dotAll = false;
  if (inline) {
    if (inline[1]!.includes('m')) throw new PatternFault('(?m) is not supported');
    if (inline[1]!.includes('i')) flags = 'i';
    dotAll = inline[1]!.includes('s');
    body = body.slice(inline[0].length);
  }
  const source = rewriteAtoms(body, dotAll);
  let compiled: RegExp;
  try {
    compiled = new RegExp(`${source}|`, flags);
  } catch (error) {
    throw new PatternFault(
      (error as Error).message.replace(/^Invalid regular expression: /, '').replace(/^.*\/[a-z]*: /, ''),
    );
  }
  return { source, flags, names: Object.keys(compiled.exec('')?.groups ?? {}) };
}

const ESCAPES: Record<string, string> = {
  A: '^',
  z: '$',
  Z: '(?=\\n?$)',
  h: '[ \\t]',
  H: '[^ \\t]',
  R: '(?:\\r\\n|\\n|\\r)',
  a: '\\x07',
  e: '\\x1b',
};

function rewriteAtoms(pcre: string, dotAll: boolean): string {
  let out = '';
  for (let at = 0; at < pcre.length; ) {
    const rest = pcre.slice(at, at + 4);
    const char = pcre[at]!;
    if (char === '\\') {
      const next = pcre[at + 1];
      if (next === undefined) throw new PatternFault('\\ at the end of the pattern');
      if (next === 'Q') {
        const end = pcre.indexOf('\\E', at);
        const literal = pcre.slice(at + 2, end === -1 ? undefined : end);
        out += literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
        at = end === -1 ? pcre.length : end + 2;
        continue;
      }
      out += ESCAPES[next] ?? `\\${next}`;
      at += 2;
    } else if (char === '[') {
      const [text, end] = rewriteClass(pcre, at);
      out += text;
      at = end;
    } else if (rest.startsWith('(?P<')) {
      out += '(?<';
      at += 4;
    } else if (rest.startsWith('(?P=')) {
      const end = pcre.indexOf(')', at);
      out += `\\k<${pcre.slice(at + 4, end)}>`;
      at = end + 1;
    } else if (rest.startsWith("(?'")) {
      const end = pcre.indexOf("'", at + 3);
      out += `(?<${pcre.slice(at + 3, end)}>`;
      at = end + 1;
    } else if (rest.startsWith('(?#')) {
      const end = pcre.indexOf(')', at);
      if (end === -1) throw new PatternFault('a comment (?#...) is not closed');
      at = end + 1;
    } else if (
      rest.startsWith('(?>') ||
      rest.startsWith('(?R') ||
      rest.startsWith('(?|') ||
      rest.startsWith('(*')
    ) {
      throw new PatternFault(`${rest.slice(0, 3)} is not supported`);
    } else if (char === '.' && dotAll) {
      out += '[^]';
      at++;
    } else if ('*+?}'.includes(char) && pcre[at + 1] === '+') {
      throw new PatternFault(`the possessive quantifier ${char}+ is not supported`);
    } else {
      out += char;
      at++;
    }
  }
  return out;
}

/** A class from its `[`: POSIX names expanded, a leading `]` escaped; gives the text and the position after it. */
function rewriteClass(pcre: string, from: number): [string, number] {
  let out = '[';
  let at = from + 1;
  if (pcre[at] === '^') {
    out += '^';
    at++;
  }
  for (let first = true; at < pcre.length; first = false) {
    const char = pcre[at]!;
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(pcre.slice(at, at + 14));
    if (char === ']' && !first) return [`${out}]`, at + 1];
    if (posix) {
      const set = POSIX_CLASS[posix[2]!];
      if (!set || posix[1]) throw new PatternFault(`the class ${posix[0]} is not supported`);
      out += set;
      at += posix[0].length;
    } else if (char === '\\') {
      const next = pcre[at + 1];
      out += next === 'h' ? ' \\t' : `\\${next ?? ''}`;
      at += 2;
    } else {
      out += char === '[' || char === ']' ? `\\${char}` : char;
      at++;
    }
  }
  throw new PatternFault('a class [...] is not closed');
}
