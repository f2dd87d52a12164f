/** Packs a key into the 32-bit words that a zone stores and compares, with its keyed hash. */
import { hash } from 'node:crypto';

/** Marks a stored key that is a digest of a longer one, so that no short key can be taken for it. */
const DIGESTED = 1 << 30;
const DIGEST_BYTES = 16;
/** The bits of a mark that have the length plus one. */
export const LENGTH = DIGESTED - 1;

export const isDigestMark = (mark: number): boolean => (mark & DIGESTED) !== 0;

/**
 * Holds the key last packed. One per opened zone; packing allocates nothing unless the key is over the limit.
 *
 * The hash is HalfSipHash-1-3 under a secret of the zone: clients choose many keys (headers, URIs), and
 * must not be able to choose keys that meet in one bucket.
 * @see Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012
 */
export class KeyPacker {
  /** The key's bytes, little-endian, the last word padded with 0; valid up to `count`. */
  readonly words: Int32Array;
  count = 0;
  /** Length in bytes plus one, so never 0; over-long keys carry the mark of a digest. */
  mark = 0;
  /** 32 bits, signed. */
  hash = 0;
  readonly #bytesMax: number;
  readonly #k0: number;
  readonly #k1: number;

  /** `bytesMax` is a multiple of 4, at least 16; `k0` and `k1` are the zone's secret, 32 bits each. */
  constructor(bytesMax: number, k0: number, k1: number) {
    this.words = new Int32Array(bytesMax >> 2);
    this.#bytesMax = bytesMax;
    this.#k0 = k0;
    this.#k1 = k1;
  }

  /** Packs `key`, a latin1 string. Longer than the limit, the first 128 bits of its SHA-256 stand for it. */
  pack(key: string): void {
    if (key.length <= this.#bytesMax) this.#pack(key, key.length + 1);
    else this.#pack(hash('sha256', key, 'binary').slice(0, DIGEST_BYTES), DIGESTED | (DIGEST_BYTES + 1));
    this.#digest();
  }

  /** Packs the 16 bytes that stand for an over-long key. */
  packDigest(digest: string): void {
    this.#pack(digest, DIGESTED | (DIGEST_BYTES + 1));
    this.#digest();
  }

  #pack(key: string, mark: number): void {
    const length = key.length;
    const words = this.words;
    let word = 0;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      words[word++] =
        key.charCodeAt(i) |
        (key.charCodeAt(i + 1) << 8) |
        (key.charCodeAt(i + 2) << 16) |
        (key.charCodeAt(i + 3) << 24);
    }
    if (i < length) {
      let last = key.charCodeAt(i);
      if (i + 1 < length) last |= key.charCodeAt(i + 1) << 8;
      if (i + 2 < length) last |= key.charCodeAt(i + 2) << 16;
      words[word++] = last;
    }
    this.count = word;
    this.mark = mark;
  }

  /** The mark goes in as the last word, so that padding bytes and real zeros differ. */
  #digest(): void {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = this.#k0 ^ 0x6c796765;
    let v3 = this.#k1 ^ 0x74656462;
    const words = this.words;
    const blocks = this.count + 1;
    for (let i = 0; i < blocks + 3; i++) {
      // The three rounds past the last block are the finish: no more input, and v2 is stirred once.
      const block = i < this.count ? words[i]! : i < blocks ? this.mark : 0;
      if (i === blocks) v2 ^= 0xff;
      v3 ^= block;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= block;
    }
    this.hash = v1 ^ v3;
  }
}
