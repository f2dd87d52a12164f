/** JSON as arguments: every leaf under the path of names that leads to it. */
import { hexDigit } from '#kit/ascii.ts';

export class JsonFault extends Error {
  override readonly name = 'JsonFault';
}

export interface JsonSink {
  /** @returns false to stop reading (enough arguments) */
  argument(name: string, value: string): boolean;
}

interface Level {
  /** With its trailing `.`, or up to `.array_` */
  readonly path: string;
  readonly array: boolean;
  index: number;
  key: string;
}

/** A list of small numbers has some 12 bytes of path for each byte of text. */
const PATHS_PER_BYTE = 16;
const PATHS_FREE = 65_536;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Names leaves as ModSecurity 3 does: `{"a":{"b":1},"c":[2]}` gives `json.a.b` = 1 and `json.c.array_0` = 2. Reads RFC 8259
 * exactly, in UTF-8 bytes (one char a byte), without recursion, in time linear in the text; names are bounded, too.
 *
 * @param maxDepth of arrays and objects
 * @throws {JsonFault} when the text is malformed or too deep; arguments told until then stand
 */
export function readJson(text: string, maxDepth: number, sink: JsonSink): void {
  new JsonReader(text, maxDepth, sink).read();
}

class JsonReader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #sink: JsonSink;
  readonly #levels: Level[] = [];
  #at = 0;
  /** Bytes of all names told so far: a long key over many values multiplies. */
  #named = 0;

  constructor(text: string, maxDepth: number, sink: JsonSink) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#sink = sink;
  }

  read(): void {
    this.#space();
    let wants = true; // a value
    for (;;) {
      if (wants) {
        const opened = this.#value();
        if (opened === undefined) return;
        wants = opened;
        if (wants) continue;
      }
      const level = this.#levels.at(-1);
      if (!level) return this.#end();
      wants = this.#afterValue(level);
    }
  }

  /** @returns whether a value comes next (something was opened), undefined to stop */
  #value(): boolean | undefined {
    const char = this.#text[this.#at];
    if (char === '{' || char === '[') return this.#open(char === '[');
    return this.#leaf(this.#scalar(char)) ? false : undefined;
  }

  #open(array: boolean): boolean {
    if (this.#levels.length >= this.#maxDepth) throw new JsonFault(`nested deeper than ${this.#maxDepth}`);
    this.#at++;
    const name = this.#name();
    this.#levels.push({ path: array ? `${name}.array_` : `${name}.`, array, index: 0, key: '' });
    this.#space();
    if (this.#text[this.#at] === (array ? ']' : '}')) {
      this.#close();
      return false;
    }
    if (!array) this.#key();
    return true;
  }

  #close(): void {
    this.#at++;
    this.#levels.pop();
  }

  /** After a value within `level`: a comma and the next, or the end of the level. */
  #afterValue(level: Level): boolean {
    this.#space();
    const char = this.#text[this.#at];
    if (char === ',') {
      this.#at++;
      this.#space();
      if (level.array) level.index++;
      else this.#key();
      return true;
    }
    if (char !== (level.array ? ']' : '}')) throw this.#unexpected();
    this.#close();
    return false;
  }

  #end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected();
  }

  #key(): void {
    if (this.#text[this.#at] !== '"') throw this.#unexpected();
    this.#levels.at(-1)!.key = this.#string();
    this.#space();
    if (this.#text[this.#at] !== ':') throw this.#unexpected();
    this.#at++;
    this.#space();
  }

  #name(): string {
    const level = this.#levels.at(-1);
    return level === undefined ? 'json' : level.path + (level.array ? level.index : level.key);
  }

  #leaf(value: string): boolean {
    const name = this.#name();
    this.#named += name.length;
    if (this.#named > this.#text.length * PATHS_PER_BYTE + PATHS_FREE)
      throw new JsonFault('the paths to its values are too long');
    return this.#sink.argument(name, value);
  }

  #scalar(char: string | undefined): string {
    if (char === '"') return this.#string();
    for (const [word, value] of [
      ['true', 'true'],
      ['false', 'false'],
      ['null', ''],
    ] as const) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text)?.[0];
    if (number === undefined) throw this.#unexpected();
    this.#at += number.length;
    return number;
  }

  #string(): string {
    let out = '';
    this.#at++;
    for (;;) {
      PLAIN.lastIndex = this.#at;
      const plain = PLAIN.exec(this.#text)![0];
      out += plain;
      this.#at += plain.length;
      const char = this.#text[this.#at];
      if (char === '"') {
        this.#at++;
        return out;
      }
      if (char !== '\\') throw this.#unexpected();
      out += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    const known = ESCAPES[letter];
    if (known !== undefined) {
      this.#at += 2;
      return known;
    }
    if (letter !== 'u') throw this.#unexpected();
    let unit = this.#unit();
    if (unit >= 0xd800 && unit < 0xdc00 && this.#text.startsWith('\\u', this.#at)) {
      const back = this.#at;
      const low = this.#unit();
      if (low >= 0xdc00 && low < 0xe000) unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      else this.#at = back;
    }
    return unit < 0x80
      ? String.fromCharCode(unit)
      : Buffer.from(String.fromCodePoint(unit)).toString('latin1');
  }

  #unit(): number {
    let unit = 0;
    for (let digit = 2; digit < 6; digit++) {
      const value = hexDigit(this.#text.charCodeAt(this.#at + digit));
      if (value < 0) throw this.#unexpected();
      unit = unit * 16 + value;
    }
    this.#at += 6;
    return unit;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return;
      this.#at++;
    }
  }

  #unexpected(): JsonFault {
    if (this.#at >= this.#text.length) return new JsonFault('it ends too early');
    return new JsonFault(`unexpected ${JSON.stringify(this.#text[this.#at])} at byte ${this.#at}`);
  }
}
