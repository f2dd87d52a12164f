/** Many words looked for in one pass over a value (Aho and Corasick, 1975), as one table of a deterministic automaton. */

export interface AhoCorasickOptions {
  /** ASCII letters match in either case. */
  readonly caseless?: boolean;
}

export interface Found {
  /** The number of the word in the list that was given. */
  readonly word: number;
  readonly start: number;
  readonly end: number;
}

const LETTERS = 26;

/** O(bytes) for each value, whatever the words. The table has a row for each beginning of a word. */
export class AhoCorasick {
  /** One for each word as given; of equal words the first counts. */
  readonly words: readonly string[];
  /** The class of each byte: 0 for bytes that are in no word. */
  readonly classOf: Uint16Array;
  readonly stride: number;
  /** Next states, each as the offset of its row. The root is row 0. */
  readonly table: Int32Array;
  /** By row number: the number of the longest word that ends here, -1 for none. */
  readonly longest: Int32Array;
  /** By row number: the row of the next shorter word that ends here too, -1 for none. */
  readonly shorter: Int32Array;

  /** @throws {RangeError} for an empty word, which would be everywhere */
  constructor(words: readonly string[], { caseless = false }: AhoCorasickOptions = {}) {
    if (words.includes('')) throw new RangeError('Cannot look for an empty word');
    this.words = words;
    this.classOf = classesOf(words, caseless);
    this.stride = 1 + this.classOf.reduce((most, klass) => Math.max(most, klass), 0);
    const rows = 1 + words.reduce((sum, word) => sum + word.length, 0);
    const table = new Int32Array(rows * this.stride);
    const longest = new Int32Array(rows).fill(-1);
    const count = this.#plant(table, longest);
    this.longest = longest.slice(0, count);
    this.shorter = new Int32Array(count).fill(-1);
    this.table = table.slice(0, count * this.stride);
    this.#link();
  }

  /** Whether one of the words is in the value. */
  test(value: string): boolean {
    return this.search(value) !== undefined;
  }

  /** The match that ends first; of those that end there the longest. That is also the one that libmodsecurity reports. */
  search(value: string): Found | undefined {
    const { table, classOf, stride, longest } = this;
    let row = 0;
    for (let at = 0; at < value.length; at++) {
      row = table[row + classOf[value.charCodeAt(at) & 255]!]!;
      const word = longest[row / stride]!;
      if (word >= 0) return { word, start: at + 1 - this.words[word]!.length, end: at + 1 };
    }
    return undefined;
  }

  /** Each word that is in the value, in order of its end; each once. */
  all(value: string): number[] {
    const { table, classOf, stride, longest, shorter } = this;
    const found = new Set<number>();
    let row = 0;
    for (let at = 0; at < value.length; at++) {
      row = table[row + classOf[value.charCodeAt(at) & 255]!]!;
      for (let state = row / stride; state >= 0 && longest[state]! >= 0; state = shorter[state]!) {
        if (found.has(longest[state]!)) break; // and so are the shorter ones
        found.add(longest[state]!);
      }
    }
    return [...found];
  }

  /** The words as a tree of their beginnings. @returns how many rows there are */
  #plant(table: Int32Array, longest: Int32Array): number {
    let count = 1;
    this.words.forEach((word, number) => {
      let row = 0;
      for (let at = 0; at < word.length; at++) {
        const cell = row + this.classOf[word.charCodeAt(at) & 255]!;
        if (table[cell] === 0) table[cell] = count++ * this.stride;
        row = table[cell]!;
      }
      const state = row / this.stride;
      if (longest[state] === -1) longest[state] = number;
    });
    return count;
  }

  /** Where a beginning does not go on, the longest end of it that is a beginning itself does: breadth first, so that is known. */
  #link(): void {
    const { table, stride, longest, shorter } = this;
    const fails = new Int32Array(longest.length);
    const queue = [0];
    for (let at = 0; at < queue.length; at++) {
      const row = queue[at]!;
      const fail = fails[row / stride]!;
      for (let klass = 0; klass < stride; klass++) {
        const child = table[row + klass]!;
        const instead = row === 0 ? 0 : table[fail + klass]!;
        if (child === 0) table[row + klass] = instead;
        else {
          fails[child / stride] = instead;
          inherit(child / stride, instead / stride, longest, shorter);
          queue.push(child);
        }
      }
    }
  }
}

/** A state has the words of the state that stands in for it, which are shorter than its own. */
function inherit(state: number, from: number, longest: Int32Array, shorter: Int32Array): void {
  if (longest[state] === -1) {
    longest[state] = longest[from]!;
    shorter[state] = shorter[from]!;
  } else if (longest[from]! >= 0) shorter[state] = from;
}

function classesOf(words: readonly string[], caseless: boolean): Uint16Array {
  const classOf = new Uint16Array(256);
  let count = 0;
  for (const word of words)
    for (let at = 0; at < word.length; at++) {
      const byte = caseless ? lower(word.charCodeAt(at) & 255) : word.charCodeAt(at) & 255;
      classOf[byte] ||= ++count;
    }
  if (caseless) for (let letter = 0; letter < LETTERS; letter++) classOf[65 + letter] = classOf[97 + letter]!;
  return classOf;
}

const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte);
