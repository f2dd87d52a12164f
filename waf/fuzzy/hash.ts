/**
 * Hashes that are alike where texts are: pieces that end where the last seven bytes say so, a letter for each. What is put in or
 * taken out changes the letters of the pieces it touches, and no others.
 *
 * @see J. Kornblum, Identifying almost identical files using context triggered piecewise hashing (Digital Investigation 3S, 2006)
 */

export const SMALLEST_BLOCK = 3;
/** Letters of a hash; of the second one half. */
export const MOST_LETTERS = 64;
export const WINDOW_BYTES = 7;

export interface FuzzyHash {
  /** Bytes of a piece, about: `SMALLEST_BLOCK` times a power of two. */
  readonly blockSize: number;
  /** Of pieces of that size, and of twice that size. */
  readonly letters: string;
  readonly doubled: string;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** FNV, but for where it begins. Of the sum only six bits are ever looked at, and they depend on none above them. */
const PIECE_START = 0x2802_1967;
const PIECE_PRIME = 0x0100_0193;

/** A sum over the last bytes that is got from the one before without looking at them again. */
class RollingSum {
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #at = 0;
  #sum = 0;
  #weighted = 0;
  #shifted = 0;

  /** @returns the sum, 0 to 2^32 - 1 */
  take(byte: number): number {
    this.#weighted += WINDOW_BYTES * byte - this.#sum;
    this.#sum += byte - this.#window[this.#at]!;
    this.#window[this.#at] = byte;
    this.#at = this.#at === WINDOW_BYTES - 1 ? 0 : this.#at + 1;
    this.#shifted = (this.#shifted << 5) ^ byte;
    return (this.#sum + this.#weighted + this.#shifted) >>> 0;
  }
}

/** How many doublings of the smallest block end a piece at this sum; -1 when not even that one does. */
function doublingsAt(sum: number): number {
  const next = sum + 1;
  if (next % SMALLEST_BLOCK !== 0) return -1;
  const times = next / SMALLEST_BLOCK;
  return 31 - Math.clz32(times & -times);
}

/** The letters of one size of pieces. */
class PieceLetters {
  readonly #doublings: number;
  readonly #most: number;
  #letters = '';
  #last = '';
  #piece = PIECE_START;

  constructor(doublings: number, most: number) {
    this.#doublings = doublings;
    this.#most = most;
  }

  take(byte: number, doublings: number): void {
    this.#piece = Math.imul(this.#piece, PIECE_PRIME) ^ byte;
    if (doublings < this.#doublings) return;
    // The last letter is for all the rest.
    if (this.#letters.length === this.#most - 1) this.#last = LETTERS[this.#piece & 63]!;
    else {
      this.#letters += LETTERS[this.#piece & 63];
      this.#piece = PIECE_START;
    }
  }

  end(sum: number): string {
    return this.#letters + (sum === 0 ? this.#last : LETTERS[this.#piece & 63]!);
  }
}

/** The largest size with which there are letters enough, but no larger than the length asks for. */
function doublingsFor(value: string): number {
  const ends: number[] = new Array(32).fill(0);
  const rolling = new RollingSum();
  for (let at = 0; at < value.length; at++) {
    const most = doublingsAt(rolling.take(value.charCodeAt(at)));
    if (most >= 0) ends[most]!++;
  }
  for (let size = ends.length - 2; size >= 0; size--) ends[size]! += ends[size + 1]!;
  let doublings = 0;
  while (SMALLEST_BLOCK * 2 ** doublings * MOST_LETTERS < value.length) doublings++;
  while (doublings > 0 && ends[doublings]! < MOST_LETTERS / 2) doublings--;
  return doublings;
}

/** Goes over the value twice, whatever is in it. @param value one-byte string */
export function fuzzyHash(value: string): FuzzyHash {
  const doublings = doublingsFor(value);
  const rolling = new RollingSum();
  const letters = new PieceLetters(doublings, MOST_LETTERS);
  const doubled = new PieceLetters(doublings + 1, MOST_LETTERS / 2);
  let sum = 0;
  for (let at = 0; at < value.length; at++) {
    const byte = value.charCodeAt(at);
    sum = rolling.take(byte);
    const most = doublingsAt(sum);
    letters.take(byte, most);
    doubled.take(byte, most);
  }
  return {
    blockSize: SMALLEST_BLOCK * 2 ** doublings,
    letters: letters.end(sum),
    doubled: doubled.end(sum),
  };
}
