/** nginx's configuration tokens, to the letter of ngx_conf_read_token(): quoting, escapes, `${var}`, comments. */

/** Where something stands in a file; line and column count from 1, column in bytes. */
export interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many bytes the marked text covers in the source, at least 1. */
  readonly length: number;
}

/**
 * The place of a part of a word.
 *
 * @param site of the whole word
 * @param text its value; when escapes, line breaks or a `name=` before it hide where its parts stand, the whole is given
 * @param from where the part begins in `text`
 */
export function siteWithin(site: Site, text: string, from: number, length: number): Site {
  const quotes = site.length - text.length;
  if ((quotes !== 0 && quotes !== 2) || text.includes('\n')) return site;
  return { file: site.file, line: site.line, column: site.column + quotes / 2 + from, length };
}

export type TokenKind = 'word' | ';' | '{' | '}' | 'comment';

export interface Token extends Site {
  readonly kind: TokenKind;
  /** The value of a word after quotes and escapes; the text of a comment after its `#`. */
  readonly text: string;
  /** The quote that a word opened with, or ''. A quoted word is still searched for variables. */
  readonly quote: '' | '"' | "'";
}

export interface Listener {
  token(token: Token): void;
  /** Hears what is wrong with the text; the lexer goes on after it. */
  fault(message: string, site: Site, hint?: string): void;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const SHARP = 35;
const DOLLAR = 36;
const APOSTROPHE = 39;
const PARENTHESIS = 41;
const SEMICOLON = 59;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

const BYTE_ORDER_MARK = '\xef\xbb\xbf';
const UNESCAPED: Record<string, string> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' };

const isBlank = (code: number) => code === SPACE || code === TAB || code === CR || code === LF;

/** A backslash before quotes, backslash, t, r, n stands for that character; before any other it stays. */
const withoutEscapes = (raw: string) => raw.replace(/\\(["'\\trn])/g, (_, char: string) => UNESCAPED[char]!);

/**
 * Splits a configuration text, token by token: nothing is kept, so that a big file costs no list of them.
 * Faults are an unclosed quote, a byte order mark, and anything but a blank, `;`, `{` or `)` right after a closing
 * quote; a `}` there is left to the parser, for which the directive is not finished.
 *
 * @param source the file as a latin1 string, one char a byte
 * @param file its name, for the sites
 * @returns false when a quote is never closed: what follows it could not be read
 */
export function lex(source: string, file: string, listener: Listener): boolean {
  return new Lexer(source, file, listener).run();
}

class Lexer {
  readonly #source: string;
  readonly #file: string;
  readonly #listener: Listener;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(source: string, file: string, listener: Listener) {
    this.#source = source;
    this.#file = file;
    this.#listener = listener;
  }

  /** @returns whether the whole text was read */
  run(): boolean {
    const source = this.#source;
    if (source.startsWith(BYTE_ORDER_MARK)) this.#skipByteOrderMark();
    while (this.#at < source.length) {
      const code = source.charCodeAt(this.#at);
      if (code === LF) this.#newLine(this.#at++);
      else if (isBlank(code)) this.#at++;
      else if (code === SEMICOLON) this.#readSign(';');
      else if (code === OPEN) this.#readSign('{');
      else if (code === CLOSE) this.#readSign('}');
      else if (code === SHARP) this.#readComment();
      else if (code === QUOTE || code === APOSTROPHE) {
        if (!this.#readQuoted(code)) return false;
      } else this.#readBare();
    }
    return true;
  }

  #skipByteOrderMark(): void {
    this.#listener.fault(
      'the file starts with a byte order mark',
      this.#site(0, BYTE_ORDER_MARK.length),
      'save it as UTF-8 without BOM',
    );
    this.#at = BYTE_ORDER_MARK.length;
  }

  #readSign(kind: ';' | '{' | '}'): void {
    this.#push(kind, kind, '', 1);
    this.#at++;
  }

  #readComment(): void {
    const newline = this.#source.indexOf('\n', this.#at);
    const end = newline === -1 ? this.#source.length : newline;
    this.#push('comment', this.#source.slice(this.#at + 1, end).trimEnd(), '', end - this.#at);
    this.#at = end;
  }

  /** @returns false when the closing quote is missing */
  #readQuoted(quote: number): boolean {
    const source = this.#source;
    const from = this.#at;
    let end = from + 1;
    let code = source.charCodeAt(end);
    let escaped = false;
    while (end < source.length && code !== quote) {
      if (code === BACKSLASH) {
        escaped = true;
        end++;
      }
      code = source.charCodeAt(++end);
    }
    const sign = quote === QUOTE ? '"' : "'";
    if (end >= source.length) {
      this.#listener.fault(`the quote ${sign} is never closed`, this.#site(from, 1));
      return false;
    }
    const raw = source.slice(from + 1, end);
    this.#push('word', escaped ? withoutEscapes(raw) : raw, sign, end + 1 - from);
    this.#countLines(from, end);
    this.#at = end + 1;
    this.#refuseGlued();
    return true;
  }

  /** nginx wants a blank, `;`, `{` or `)` after a closing quote. */
  #refuseGlued(): void {
    if (this.#at >= this.#source.length) return;
    const code = this.#source.charCodeAt(this.#at);
    if (isBlank(code) || code === SEMICOLON || code === OPEN || code === PARENTHESIS || code === CLOSE)
      return;
    const char = this.#source[this.#at]!;
    this.#listener.fault(
      `unexpected "${char}" right after a closing quote`,
      this.#site(this.#at, 1),
      'put a space between them, or quote the whole word',
    );
  }

  /** A bare word ends at a blank, `;` or `{`, but any `{` right after a `$` belongs to it. */
  #readBare(): void {
    const source = this.#source;
    const from = this.#at;
    let end = from;
    let escaped = false;
    for (let afterDollar = false; end < source.length; end++) {
      const code = source.charCodeAt(end);
      if (code === OPEN && afterDollar) continue;
      afterDollar = code === DOLLAR;
      if (code === BACKSLASH) {
        escaped = true;
        end++;
      } else if (isBlank(code) || code === SEMICOLON || code === OPEN) break;
    }
    end = Math.min(end, source.length);
    const raw = source.slice(from, end);
    this.#push('word', escaped ? withoutEscapes(raw) : raw, '', end - from);
    if (escaped) this.#countLines(from, end); // only behind a backslash a line can end inside a word
    this.#at = end;
  }

  #push(kind: TokenKind, text: string, quote: Token['quote'], length: number): void {
    const column = this.#at - this.#lineStart + 1;
    this.#listener.token({ kind, text, quote, file: this.#file, line: this.#line, column, length });
  }

  #site(from: number, length: number): Site {
    return { file: this.#file, line: this.#line, column: from - this.#lineStart + 1, length };
  }

  #newLine(at: number): void {
    this.#line++;
    this.#lineStart = at + 1;
  }

  #countLines(from: number, to: number): void {
    for (let at = from; at < to; at++) if (this.#source.charCodeAt(at) === LF) this.#newLine(at);
  }
}
