/** How many bytes lie in a log, by their age: so that it can be cut where it would become larger than it may. */

/** As many of the time, and as many of the bytes. */
const SLICES = 64;
/** What Redis needs beside the bytes of a message, about. */
const MESSAGE_BYTES = 64;

export class LogSize {
  readonly #sliceMs: number;
  readonly #most: number;
  /** Oldest first. */
  #slices: { readonly fromMs: number; bytes: number }[] = [];

  /**
   * @param keepMs for so long messages are kept
   * @param mostBytes so many are kept
   */
  constructor(keepMs: number, mostBytes: number) {
    this.#sliceMs = Math.max(1, Math.ceil(keepMs / SLICES));
    this.#most = mostBytes;
  }

  /** A message of a time lies there; times rise. */
  add(atMs: number, bytes: number): void {
    const last = this.#slices.at(-1);
    if (last && atMs < last.fromMs + this.#sliceMs && last.bytes < this.#most / SLICES)
      last.bytes += bytes + MESSAGE_BYTES;
    else this.#slices.push({ fromMs: atMs, bytes: bytes + MESSAGE_BYTES });
    if (this.#slices.length > 2 * SLICES) this.#slices.shift();
  }

  /** Messages before this time are too many; 0: none. */
  floorMs(): number {
    let bytes = 0;
    for (let at = this.#slices.length - 1; at >= 0; at--) {
      bytes += this.#slices[at]!.bytes;
      if (bytes <= this.#most) continue;
      this.#slices.splice(0, Math.min(at + 1, this.#slices.length - 1));
      return this.#slices[0]!.fromMs;
    }
    return 0;
  }
}
