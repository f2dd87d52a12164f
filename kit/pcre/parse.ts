/** Reads a pattern in the syntax of PCRE2, in its default mode: bytes, newline is LF. */
import { escapeOf, literal, signOf, whyNot } from './atom.ts';
import { readClass, readPosix } from './class.ts';
import { byteOf, typeOf } from './escape.ts';
import { Groups } from './groups.ts';
import { readOptions, startingOptions } from './options.ts';
import { readBounds } from './quantifier.ts';
import { Reader } from './reader.ts';
import { type Branch, type Item, type Look, type Options, PatternFault } from './syntax.ts';

export interface Parsed {
  readonly branches: readonly Branch[];
  readonly names: readonly string[];
}

/** PCRE2's own limit. */
const DEPTH = 250;
const LOOKS: readonly Look[] = ['(?=', '(?!', '(?<=', '(?<!'];

/** What is set before the first sign of a pattern is read. */
export interface Settings extends Partial<Options> {
  /** References to groups that may not have matched are let through. */
  readonly anyReference?: boolean;
}

/** @throws {PatternFault} with the offset that the reader had come to */
export function parsePattern(pcre: string, { anyReference = false, ...options }: Settings): Parsed {
  return new PatternParser(pcre, anyReference).parse(startingOptions(options));
}

class PatternParser {
  readonly #reader: Reader;
  readonly #groups: Groups;
  #inLookbehind = false;
  #depth = 0;

  constructor(pcre: string, anyReference: boolean) {
    this.#reader = new Reader(pcre);
    this.#groups = new Groups(pcre, anyReference);
  }

  parse(options: Options): Parsed {
    try {
      return this.#whole(options);
    } catch (error) {
      if (error instanceof PatternFault) error.offset ??= this.#reader.at;
      throw error;
    }
  }

  #whole(options: Options): Parsed {
    if (this.#reader.looksAt('(*')) throw new PatternFault('verbs (*...) are not supported');
    const branches = this.#branches(options);
    if (!this.#reader.done) throw new PatternFault('unmatched closing parenthesis');
    return { branches, names: this.#groups.names };
  }

  /** Reads to the `)` that closes, or the end. Options that are switched inside hold for the branches that follow. */
  #branches(options: Options): Branch[] {
    if (++this.#depth > DEPTH) throw new PatternFault('parentheses are too deeply nested');
    const before = this.#groups.certain;
    const branches: Branch[] = [];
    let certain: ReadonlySet<number> | undefined;
    let inside = options;
    do {
      this.#groups.certain = before;
      const branch: Item[] = [];
      inside = this.#branch(branch, inside);
      branches.push(branch);
      certain = certain ? certain.intersection(this.#groups.certain) : this.#groups.certain;
    } while (this.#reader.skip('|'));
    this.#groups.certain = certain;
    this.#depth--;
    return branches;
  }

  #branch(items: Item[], outer: Options): Options {
    const reader = this.#reader;
    let options = outer;
    while (!reader.done && reader.next !== '|' && reader.next !== ')') {
      if (this.#skipIgnored(options)) continue;
      const switched = readOptions(reader, ')', options);
      if (switched) {
        options = switched;
        continue;
      }
      if (reader.skip('\\Q')) {
        this.#quoted(items, options);
        continue;
      }
      if (reader.skip('\\E')) continue;
      const before = this.#groups.certain;
      const item = this.#item(options);
      items.push(this.#repeated(item, before, options));
    }
    return options;
  }

  /** Comments, and in extended mode blanks. */
  #skipIgnored({ extended }: Options): boolean {
    const reader = this.#reader;
    if (reader.skip('(?#')) return reader.until(')', 'a comment (?#...)') !== undefined;
    return extended && reader.match(/[\t-\r ]+|#[^\n]*\n?/y) !== undefined;
  }

  #quoted(items: Item[], options: Options): void {
    const reader = this.#reader;
    const end = reader.text.indexOf('\\E', reader.at);
    const stop = end === -1 ? reader.text.length : end;
    while (reader.at < stop) items.push(literal(reader.take().charCodeAt(0), options));
    reader.skip('\\E');
    const last = items.pop();
    if (last) items.push(this.#repeated(last, this.#groups.certain, options));
  }

  #item(options: Options): Item {
    const reader = this.#reader;
    if (reader.looksAt('(')) return this.#group(options);
    if (readBounds(reader)) throw new PatternFault('quantifier does not follow a repeatable item');
    const char = reader.take();
    switch (char) {
      case '\\':
        return this.#escape(options);
      case '[':
        if (readPosix(reader, 0))
          throw new PatternFault('POSIX named classes are supported only within a class');
        return { kind: 'set', set: readClass(reader, options) };
      case '.':
      case '^':
      case '$':
        return signOf(char, options);
      default:
        return literal(char.charCodeAt(0), options);
    }
  }

  #escape(options: Options): Item {
    const reader = this.#reader;
    if (reader.done) throw new PatternFault('\\ at end of pattern');
    const group = this.#groups.read(reader);
    if (group !== undefined) return this.#reference(group, options);
    const set = typeOf(reader);
    if (set) return { kind: 'set', set };
    const byte = byteOf(reader);
    if (byte !== undefined) return literal(byte, options);
    return escapeOf(reader.take());
  }

  #group(options: Options): Item {
    const reader = this.#reader;
    const look = LOOKS.find(open => reader.skip(open));
    if (look) return this.#look(look, options);
    if (reader.skip('(?>')) return this.#atomic(options);
    if (reader.skip('(?:')) return this.#plain(undefined, undefined, options);
    const scoped = readOptions(reader, ':', options);
    if (scoped) return this.#plain(undefined, undefined, scoped);
    const named = reader.match(/\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y);
    const name = named?.[1] ?? named?.[2];
    if (name !== undefined) return this.#plain(this.#groups.open(name), name, options);
    const reference = reader.match(/\(\?P=(\w+)\)/y);
    if (reference) return this.#reference(this.#groups.named(reference[1]!), options);
    if (reader.looksAt('(?') || reader.looksAt('(*'))
      throw new PatternFault(whyNot(reader.text.slice(reader.at)));
    reader.at++;
    if (options.noCapture) return this.#plain(undefined, undefined, options);
    return this.#plain(this.#groups.open(), undefined, options);
  }

  #reference(group: number, options: Options): Item {
    if (this.#inLookbehind) throw new PatternFault('a reference in a lookbehind is not supported');
    return this.#groups.referTo(group, options);
  }

  #plain(index: number | undefined, name: string | undefined, options: Options): Item {
    const branches = this.#branches(options);
    this.#close();
    if (index !== undefined) this.#groups.close(index);
    return { kind: 'group', index, name, branches };
  }

  #atomic(options: Options): Item {
    if (this.#inLookbehind) throw new PatternFault('an atomic group in a lookbehind is not supported');
    const branches = this.#branches(options);
    this.#close();
    return { kind: 'atomic', branches };
  }

  #look(open: Look, options: Options): Item {
    const before = this.#groups.certain;
    const outside = this.#inLookbehind;
    this.#inLookbehind ||= open.startsWith('(?<');
    const branches = this.#branches(options);
    this.#close();
    this.#inLookbehind = outside;
    if (open.endsWith('!')) this.#groups.certain = before;
    return { kind: 'look', open, branches };
  }

  #close(): void {
    if (!this.#reader.skip(')')) throw new PatternFault('missing closing parenthesis');
  }

  /** The quantifier after an item, if there is one. @param before the certain groups before the item */
  #repeated(item: Item, before: ReadonlySet<number>, options: Options): Item {
    const reader = this.#reader;
    while (this.#skipIgnored(options));
    const bounds = readBounds(reader);
    if (!bounds) return item;
    if (item.kind === 'place') throw new PatternFault('quantifier does not follow a repeatable item');
    const [least, most] = bounds;
    if (least === 0) this.#groups.certain = before;
    const possessive = reader.skip('+');
    const lazy = !possessive && reader.skip('?') !== options.ungreedy;
    const repeated: Item = { kind: 'repeat', item, least, most, lazy };
    if (!possessive) return repeated;
    if (this.#inLookbehind)
      throw new PatternFault('a possessive quantifier in a lookbehind is not supported');
    return { kind: 'atomic', branches: [[repeated]] };
  }
}
