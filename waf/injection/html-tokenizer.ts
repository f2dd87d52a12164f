/**
 * Cuts a value into the tokens of HTML that matter for scripting: tags, attributes, comments.
 * States after the HTML standard, section "Tokenization", with the bytes that old browsers skipped (NUL, vertical tab)
 * skipped too, and backticks taken for quotes, as Internet Explorer did.
 */
import { bytesOf, endOfRun } from './byte-run.ts';

export type HtmlType = 'text' | 'tag' | 'tag-end' | 'attribute' | 'value' | 'comment' | 'doctype';

/** Where in a page the value is taken to stand: in text, in a tag, or inside a quoted attribute value. */
export type HtmlContext = 'text' | 'tag' | "'" | '"' | '`';

type State =
  | 'text'
  | 'tag-open'
  | 'tag-end'
  | 'before-attribute'
  | 'after-attribute'
  | 'before-value'
  | 'after-quoted-value'
  | 'self-closing'
  | 'end';

function isLetter(char: string): boolean {
  const code = char.charCodeAt(0) | 32;
  return code >= 97 && code <= 122;
}

const SPACE = bytesOf(/[\0\t-\r ]/);
const TAG_NAME = bytesOf(/[^\t-\r />]/);
/** Behind its first byte, which may be any. */
const ATTRIBUTE_NAME = bytesOf(/[^\0\t-\r />=]/);
const BARE_VALUE = bytesOf(/[^\0\t-\r >]/);

/** Gives one token per call of `next`; `type` and `text` tell which. */
export class HtmlTokenizer {
  type: HtmlType = 'text';
  text = '';
  readonly #value: string;
  #at = 0;
  #state: State = 'text';
  #isClosing = false;
  /** The quote that the value begins inside of. */
  #quote = '';

  constructor(value: string, context: HtmlContext) {
    this.#value = value;
    if (context === 'tag') this.#state = 'before-attribute';
    else if (context !== 'text') this.#quote = context;
  }

  /** Reads the next token; false at the end. */
  next(): boolean {
    if (this.#quote !== '') {
      const quote = this.#quote;
      this.#quote = '';
      return this.#readQuoted(quote, 0);
    }
    for (;;) {
      if (this.#state === 'end') return false;
      const isToken = this.#step();
      if (isToken !== undefined) return isToken;
    }
  }

  /** One state: a token (true), the end (false), or on to the next state (undefined). */
  #step(): boolean | undefined {
    switch (this.#state) {
      case 'text':
        return this.#readText();
      case 'tag-open':
        return this.#openTag();
      case 'tag-end':
        return this.#endTag();
      case 'before-attribute':
        return this.#beforeAttribute();
      case 'after-attribute':
        return this.#afterAttribute();
      case 'before-value':
        return this.#beforeValue();
      case 'after-quoted-value':
        return this.#afterQuotedValue();
      case 'self-closing':
        return this.#selfClosing();
      default:
        return false;
    }
  }

  /** Hands out `value[at..end)` and goes on at `next` in `state`. */
  #emit(type: HtmlType, end: number, next: number, state: State): true {
    this.type = type;
    this.text = this.#value.slice(this.#at, end);
    this.#at = next;
    this.#state = state;
    return true;
  }

  #goto(state: State, at: number): undefined {
    this.#at = at;
    this.#state = state;
    return undefined;
  }

  #readText(): boolean | undefined {
    const tag = this.#value.indexOf('<', this.#at);
    if (tag === this.#at) return this.#goto('tag-open', tag + 1);
    if (tag >= 0) return this.#emit('text', tag, tag + 1, 'tag-open');
    return this.#at < this.#value.length && this.#emit('text', this.#value.length, this.#value.length, 'end');
  }

  #openTag(): boolean | undefined {
    const char = this.#value[this.#at];
    if (char === undefined) return false;
    if (char === '!') return this.#declaration(this.#at + 1);
    if (char === '/') return this.#closeTag();
    if (char === '?') return this.#readUntil('>', this.#at + 1, 'comment');
    // Internet Explorer to 9 and Safari to 4 took <% %> for a comment.
    if (char === '%') return this.#readUntil('%>', this.#at + 1, 'comment');
    if (char === '\0' || isLetter(char)) return this.#readTagName();
    this.#at--;
    return this.#emit('text', this.#at + 1, this.#at + 1, 'text');
  }

  #closeTag(): boolean | undefined {
    const char = this.#value[++this.#at];
    if (char === undefined) return false;
    if (char === '>') return this.#goto('text', this.#at);
    if (!isLetter(char)) return this.#readUntil('>', this.#at, 'comment');
    this.#isClosing = true;
    return this.#readTagName();
  }

  #readTagName(): true {
    const end = endOfRun(TAG_NAME, this.#value, this.#at);
    const char = this.#value[end];
    if (char === undefined) return this.#emit('tag', end, end, 'end');
    if (char === '/') return this.#emit('tag', end, end + 1, 'self-closing');
    if (char !== '>') return this.#emit('tag', end, end + 1, 'before-attribute');
    if (!this.#isClosing) return this.#emit('tag', end, end, 'tag-end');
    this.#isClosing = false;
    return this.#emit('tag-end', end, end + 1, 'text');
  }

  #endTag(): true {
    this.#isClosing = false;
    const end = this.#at + 1;
    return this.#emit('tag-end', end, end, end < this.#value.length ? 'text' : 'end');
  }

  #beforeAttribute(): boolean | undefined {
    this.#at = endOfRun(SPACE, this.#value, this.#at);
    const char = this.#value[this.#at];
    if (char === undefined) return false;
    if (char === '/') return this.#goto('self-closing', this.#at + 1);
    if (char === '>') return this.#emit('tag-end', this.#at + 1, this.#at + 1, 'text');
    return this.#readAttributeName();
  }

  #readAttributeName(): true {
    const end = endOfRun(ATTRIBUTE_NAME, this.#value, this.#at + 1);
    const char = this.#value[end];
    if (char === undefined) return this.#emit('attribute', end, end, 'end');
    if (char === '>') return this.#emit('attribute', end, end, 'tag-end');
    if (char === '/') return this.#emit('attribute', end, end + 1, 'self-closing');
    return this.#emit('attribute', end, end + 1, char === '=' ? 'before-value' : 'after-attribute');
  }

  #afterAttribute(): boolean | undefined {
    this.#at = endOfRun(SPACE, this.#value, this.#at);
    const char = this.#value[this.#at];
    if (char === undefined) return false;
    if (char === '/') return this.#goto('self-closing', this.#at + 1);
    if (char === '=') return this.#goto('before-value', this.#at + 1);
    return char === '>' ? this.#endTag() : this.#readAttributeName();
  }

  #beforeValue(): boolean {
    this.#at = endOfRun(SPACE, this.#value, this.#at);
    const char = this.#value[this.#at];
    if (char === undefined) return false;
    if (char === '"' || char === "'" || char === '`') return this.#readQuoted(char, 1);
    const end = endOfRun(BARE_VALUE, this.#value, this.#at);
    if (end === this.#value.length) return this.#emit('value', end, end, 'end');
    const isTagEnd = this.#value[end] === '>';
    return this.#emit('value', end, isTagEnd ? end : end + 1, isTagEnd ? 'tag-end' : 'before-attribute');
  }

  #readQuoted(quote: string, lead: number): true {
    this.#at += lead;
    const end = this.#value.indexOf(quote, this.#at);
    if (end < 0) return this.#emit('value', this.#value.length, this.#value.length, 'end');
    return this.#emit('value', end, end + 1, 'after-quoted-value');
  }

  #afterQuotedValue(): boolean | undefined {
    const char = this.#value[this.#at];
    if (char === undefined) return false;
    if (char === '/') return this.#goto('self-closing', this.#at + 1);
    if (char === '>') return this.#emit('tag-end', this.#at + 1, this.#at + 1, 'text');
    return this.#goto('before-attribute', this.#at);
  }

  #selfClosing(): boolean | undefined {
    const char = this.#value[this.#at];
    if (char === undefined) return false;
    return char === '>'
      ? this.#emit('tag-end', this.#at + 1, this.#at + 1, 'text')
      : this.#goto('before-attribute', this.#at);
  }

  /** Reads what ends at `mark`, or at the end of the value. */
  #readUntil(mark: string, start: number, type: HtmlType): true {
    this.#at = start;
    const end = this.#value.indexOf(mark, start);
    if (end < 0) return this.#emit(type, this.#value.length, this.#value.length, 'end');
    return this.#emit(type, end, end + mark.length, 'text');
  }

  #declaration(start: number): true {
    const head = this.#value.slice(start, start + 7);
    if (head.toLowerCase() === 'doctype') return this.#readUntil('>', start, 'doctype');
    if (head === '[CDATA[') return this.#readUntil(']]>', start + 7, 'text');
    return head.startsWith('--') ? this.#readComment(start + 2) : this.#readUntil('>', start, 'comment');
  }

  /** A comment ends with `-->` or `-!>`, and old browsers skipped NUL after the first dash. */
  #readComment(start: number): true {
    this.#at = start;
    const closer = /-\0*[-!]>/g;
    closer.lastIndex = start;
    const end = closer.exec(this.#value);
    if (end === null) return this.#emit('comment', this.#value.length, this.#value.length, 'end');
    return this.#emit('comment', end.index, closer.lastIndex, 'text');
  }
}
