/** What a stream has to send and may not yet: pieces of a body, in order. */
export class Outbox {
  #pieces: Buffer[] = [];
  /** How much of the first is sent. */
  #at = 0;
  /** Bytes that wait. */
  bytes = 0;

  get empty(): boolean {
    return this.bytes === 0;
  }

  /** @param piece is kept: a copy, where its memory is used again */
  put(piece: Buffer): void {
    this.#pieces.push(piece);
    this.bytes += piece.length;
  }

  /** Takes so many bytes, or what is left of the first piece. There must be some. */
  take(mostBytes: number): Buffer {
    const first = this.#pieces[0]!;
    const to = Math.min(first.length, this.#at + mostBytes);
    const taken = first.subarray(this.#at, to);
    this.#at = to;
    this.bytes -= taken.length;
    if (to === first.length) {
      this.#pieces.shift();
      this.#at = 0;
    }
    return taken;
  }

  clear(): void {
    this.#pieces = [];
    this.#at = this.bytes = 0;
  }
}
