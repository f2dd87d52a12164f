/** Patterns of XML Schema (part 2, appendix F), which are about characters, as patterns about bytes of UTF-8. */
import { SchemaFault } from './names.ts';

/** A set of characters: which of ASCII, whether all others, and some of the others as pieces of a pattern. */
interface Kind {
  readonly ascii: Uint8Array;
  others: boolean;
  readonly pieces: string[];
}

/** Pieces of one set: a range of letters is a piece for each of its first bytes. */
const MOST_PIECES = 2000;
const OTHER = '[\\xc2-\\xf4][\\x80-\\xbf]+';

/** @throws {SchemaFault} for properties of characters, but for a few, and for what is no pattern */
export function bytePattern(source: string): string {
  return `^(?:${new PatternReader(source).read()})$`;
}

const kindOf = (ascii: (code: number) => boolean, others = false): Kind => ({
  ascii: Uint8Array.from({ length: 128 }, (_, code) => (ascii(code) ? 1 : 0)),
  others,
  pieces: [],
});

const charsOf = (chars: string, others = false): Kind =>
  kindOf(code => chars.includes(String.fromCharCode(code)), others);
const matching = (pattern: RegExp, others: boolean): Kind =>
  kindOf(code => pattern.test(String.fromCharCode(code)), others);

function inverse({ ascii, others, pieces }: Kind): Kind {
  if (pieces.length > 0) throw new SchemaFault('a negated class with letters beyond ASCII is not understood');
  return kindOf(code => ascii[code] === 0, !others);
}

const SPACE = charsOf(' \t\n\r');
const DIGIT = matching(/\d/, false);
/** All but punctuation, separators and what is neither; beyond ASCII all counts as a letter. */
const WORD = matching(/[A-Za-z0-9$+<=>^`|~]/, true);
const START = matching(/[A-Za-z_:]/, true);
const NAME = matching(/[A-Za-z0-9_:.-]/, true);

const ESCAPES: Readonly<Record<string, () => Kind>> = {
  n: () => charsOf('\n'),
  r: () => charsOf('\r'),
  t: () => charsOf('\t'),
  s: () => SPACE,
  S: () => inverse(SPACE),
  d: () => DIGIT,
  D: () => inverse(DIGIT),
  w: () => WORD,
  W: () => inverse(WORD),
  i: () => START,
  I: () => inverse(START),
  c: () => NAME,
  C: () => inverse(NAME),
};

const PROPERTIES: Readonly<Record<string, Kind>> = {
  L: matching(/[A-Za-z]/, true),
  Lu: matching(/[A-Z]/, true),
  Ll: matching(/[a-z]/, true),
  N: DIGIT,
  Nd: DIGIT,
  IsBasicLatin: kindOf(() => true),
};

class PatternReader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  read(): string {
    const pattern = this.#ways();
    if (this.#at < this.#source.length) throw this.#fault();
    return pattern;
  }

  #ways(): string {
    const ways = [this.#way()];
    while (this.#take('|')) ways.push(this.#way());
    return ways.join('|');
  }

  #way(): string {
    let way = '';
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at]!)) way += this.#piece();
    return way;
  }

  #piece(): string {
    const atom = this.#atom();
    const quantifier =
      /^(?:[?*+]|\{\d+(?:,\d*)?\})/.exec(this.#source.slice(this.#at, this.#at + 24))?.[0] ?? '';
    this.#at += quantifier.length;
    return atom + quantifier;
  }

  #atom(): string {
    if (this.#take('(')) {
      const inner = this.#ways();
      if (!this.#take(')')) throw this.#fault();
      return `(?:${inner})`;
    }
    if (this.#take('[')) return written(this.#class());
    if (this.#take('.')) return written(inverse(charsOf('\n\r')));
    if (this.#take('\\')) return written(this.#escape());
    if ('?*+{}]'.includes(this.#source[this.#at]!)) throw this.#fault();
    return written(single(this.#character()));
  }

  #escape(): Kind {
    const letter = this.#source[this.#at++] ?? '';
    const known = ESCAPES[letter];
    if (known) return known();
    if (letter === 'p' || letter === 'P') return this.#property(letter === 'P');
    if (!'\\|.-^?*+{}()[]$'.includes(letter) || letter === '') throw this.#fault();
    return charsOf(letter);
  }

  #property(isNegated: boolean): Kind {
    const [whole, name = ''] = /^\{(\w+)\}/.exec(this.#source.slice(this.#at)) ?? [];
    const known = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined;
    if (whole === undefined || !known)
      throw new SchemaFault(
        `the property of characters at ${JSON.stringify(this.#source.slice(this.#at - 2))} is not understood`,
      );
    this.#at += whole.length;
    return isNegated ? inverse(known) : known;
  }

  /** After its `[`. */
  #class(): Kind {
    const isNegated = this.#take('^');
    let sum = kindOf(() => false);
    let without: Kind | undefined;
    for (let isFirst = true; !this.#take(']'); isFirst = false) {
      if (this.#at >= this.#source.length) throw this.#fault();
      if (!isFirst && this.#source.startsWith('-[', this.#at)) {
        this.#at += 2;
        without = this.#class();
        if (!this.#take(']')) throw this.#fault();
        break;
      }
      sum = both(sum, this.#member());
    }
    const all = isNegated ? inverse(sum) : sum;
    return without ? less(all, without) : all;
  }

  #member(): Kind {
    if (this.#take('\\')) {
      const kind = this.#escape();
      const code = kind.ascii.indexOf(1);
      const isOne = !kind.others && kind.ascii.lastIndexOf(1) === code;
      return isOne && this.#isRange() ? this.#range(code) : kind;
    }
    const code = this.#character();
    return this.#isRange() ? this.#range(code) : single(code);
  }

  /** A `-` is itself before the end of a class, and takes away before another class. */
  #isRange(): boolean {
    return this.#source[this.#at] === '-' && !'[]'.includes(this.#source[this.#at + 1] ?? ']');
  }

  #range(from: number): Kind {
    this.#at++;
    const to = this.#take('\\') ? this.#escape().ascii.indexOf(1) : this.#character();
    if (to < from) throw this.#fault();
    const kind = kindOf(code => code >= from && code <= to);
    if (to > 127) kind.pieces.push(...piecesOf(Math.max(from, 128), to));
    return kind;
  }

  /** The code point of what stands here. */
  #character(): number {
    const first = this.#source.charCodeAt(this.#at);
    const bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const text = Buffer.from(this.#source.slice(this.#at, this.#at + bytes), 'latin1').toString('utf8');
    this.#at += bytes;
    return text.codePointAt(0)!;
  }

  #take(sign: string): boolean {
    if (this.#source[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #fault(): SchemaFault {
    return new SchemaFault(`the pattern ${JSON.stringify(this.#source)} is none at its sign ${this.#at + 1}`);
  }
}

const single = (code: number): Kind => {
  const kind = kindOf(one => one === code);
  if (code > 127) kind.pieces.push(...piecesOf(code, code));
  return kind;
};

const both = (one: Kind, other: Kind): Kind => ({
  ascii: one.ascii.map((bit, code) => bit | other.ascii[code]!),
  others: one.others || other.others,
  pieces: [...one.pieces, ...other.pieces],
});

function less(all: Kind, without: Kind): Kind {
  if (without.pieces.length > 0)
    throw new SchemaFault('a class that takes away letters beyond ASCII is not understood');
  return {
    ascii: all.ascii.map((bit, code) => bit & ~without.ascii[code]! & 1),
    others: all.others && !without.others,
    pieces: without.others ? [] : all.pieces,
  };
}

const byte = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`;

/** Code points beyond ASCII, as bytes: those that differ in the last one only are a piece. */
function piecesOf(from: number, to: number): string[] {
  const pieces: string[] = [];
  for (let code = from; code <= to; ) {
    const end = Math.min(to, code | 63);
    const [first, last] = [bytesOf(code), bytesOf(end)];
    const before = first.slice(0, -1).map(byte).join('');
    pieces.push(`${before}[${byte(first.at(-1)!)}-${byte(last.at(-1)!)}]`);
    if (pieces.length > MOST_PIECES) throw new SchemaFault('a range of characters is too wide');
    code = end + 1;
  }
  return pieces;
}

function bytesOf(code: number): number[] {
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  const low = [0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return code < 0x1_0000
    ? [0xe0 | (code >> 12), ...low]
    : [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), ...low];
}

function written({ ascii, others, pieces }: Kind): string {
  let inside = '';
  for (let code = 0; code < 128; code++) if (ascii[code]) inside += byte(code);
  const ways = [...(inside === '' ? [] : [`[${inside}]`]), ...(others ? [OTHER] : pieces)];
  if (ways.length === 0) throw new SchemaFault('a class of a pattern is empty');
  return ways.length === 1 && !others && pieces.length === 0 ? ways[0]! : `(?:${ways.join('|')})`;
}
