/** nginx's configuration tokens, to the letter of ngx_conf_read_token(): quoting, escapes, `${var}`, comments. */

/** Where something stands in a file; line and column count from 1, column in bytes. */
export interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many bytes the marked text covers in the source, at least 1. */
  readonly length: number;
}

export type TokenKind = 'word' | ';' | '{' | '}' | 'comment';

export interface Token extends Site {
  readonly kind: TokenKind;
  /** The value of a word after quotes and escapes; the text of a comment after its `#`. */
  readonly text: string;
  /** The quote that a word opened with, or ''. A quoted word is still searched for variables. */
  readonly quote: '' | '"' | "'";
}

export class LexFault extends Error {
  readonly site: Site;
  constructor(message: string, site: Site) {
    super(message);
    this.site = site;
  }
}

const isSpace = (char: string) => char === ' ' || char === '\t' || char === '\r' || char === '\n';
const UNESCAPED: Record<string, string> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' };

/** A backslash before quotes, backslash, t, r, n stands for that character; before any other it stays. */
function withoutEscapes(raw: string): string {
  return raw.includes('\\') ? raw.replace(/\\(["'\\trn])/g, (_, char: string) => UNESCAPED[char]!) : raw;
}

/**
 * Splits a configuration text.
 *
 * @param source the file as a latin1 string, one char a byte
 * @param file its name, for the sites
 * @throws {LexFault} on an unclosed quote, or anything but a blank, `;`, `{` or `)` after a closing quote
 */
export function lex(source: string, file: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const site = (from: number, length: number): Site => ({ file, line, column: from - lineStart + 1, length });
  const push = (kind: TokenKind, text: string, quote: Token['quote'], where: Site) => {
    tokens.push({
      kind,
      text,
      quote,
      file: where.file,
      line: where.line,
      column: where.column,
      length: where.length,
    });
  };

  while (at < source.length) {
    const char = source[at]!;
    if (char === '\n') {
      line++;
      lineStart = ++at;
    } else if (isSpace(char)) {
      at++;
    } else if (char === ';' || char === '{' || char === '}') {
      push(char, char, '', site(at, 1));
      at++;
    } else if (char === '#') {
      const newline = source.indexOf('\n', at);
      const end = newline === -1 ? source.length : newline;
      push('comment', source.slice(at + 1, end).trimEnd(), '', site(at, end - at));
      at = end;
    } else if (char === '"' || char === "'") {
      readQuoted(char);
    } else {
      readBare();
    }
  }
  return tokens;

  function readQuoted(quote: '"' | "'"): void {
    const from = at;
    const where = site(from, 1);
    let end = from + 1;
    while (end < source.length && source[end] !== quote) end += source[end] === '\\' ? 2 : 1;
    if (end >= source.length) throw new LexFault(`the quote ${quote} is never closed`, where);
    push('word', withoutEscapes(source.slice(from + 1, end)), quote, { ...where, length: end + 1 - from });
    countLines(from, end);
    at = end + 1;
    const next = source[at];
    if (next !== undefined && !isSpace(next) && next !== ';' && next !== '{' && next !== ')') {
      throw new LexFault(`unexpected "${next}" right after a closing quote`, site(at, 1));
    }
  }

  /** A bare word ends at a blank, `;` or `{`, but the `{` of `${name}` belongs to it. */
  function readBare(): void {
    const from = at;
    let end = from;
    while (end < source.length) {
      const char = source[end]!;
      if (char === '\\') end++;
      else if (char === '$' && source[end + 1] === '{') end++;
      else if (isSpace(char) || char === ';' || char === '{') break;
      end++;
    }
    end = Math.min(end, source.length);
    push('word', withoutEscapes(source.slice(from, end)), '', site(from, end - from));
    countLines(from, end);
    at = end;
  }

  function countLines(from: number, to: number): void {
    for (let i = source.indexOf('\n', from); i !== -1 && i < to; i = source.indexOf('\n', i + 1)) {
      line++;
      lineStart = i + 1;
    }
  }
}
