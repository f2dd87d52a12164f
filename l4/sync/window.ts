/** Which of the packets that another one numbers have come, and which are missing. */

/** Further ahead than this nobody waits for what is between. */
const WINDOW_MOST = 4096;
export type Range = readonly [first: number, last: number];

export class Window {
  /** All up to this one have come, or are given up. */
  #whole = 0;
  /** The highest that is known to have been sent. */
  #sent = 0;
  readonly #ahead = new Set<number>();

  get whole(): number {
    return this.#whole;
  }

  get isComplete(): boolean {
    return this.#whole >= this.#sent;
  }

  get missing(): number {
    return this.#sent - this.#whole - this.#ahead.size;
  }

  /** `lost`: so many lie between that they are given up. */
  take(sequence: number): 'new' | 'repeated' | 'lost' {
    if (sequence <= this.#whole || this.#ahead.has(sequence)) return 'repeated';
    const isLost = sequence - this.#whole > WINDOW_MOST;
    if (isLost) this.#jump(sequence - 1);
    this.#sent = Math.max(this.#sent, sequence);
    this.#ahead.add(sequence);
    this.#closeUp();
    return isLost ? 'lost' : 'new';
  }

  /** The other one says that it has sent so much. @returns whether that is too much to ask for */
  announced(sequence: number): boolean {
    this.#sent = Math.max(this.#sent, sequence);
    if (this.#sent - this.#whole <= WINDOW_MOST) return false;
    this.#jump(this.#sent);
    return true;
  }

  /** What is missing up to this one will not come. @returns whether anything was */
  giveUp(sequence: number): boolean {
    if (sequence <= this.#whole || sequence > this.#sent) return false;
    this.#jump(sequence);
    return true;
  }

  #jump(to: number): void {
    this.#whole = Math.max(this.#whole, to);
    this.#sent = Math.max(this.#sent, to);
    for (const one of this.#ahead) if (one <= to) this.#ahead.delete(one);
    this.#closeUp();
  }

  #closeUp(): void {
    while (this.#ahead.delete(this.#whole + 1)) this.#whole++;
  }

  /** The first so many stretches that are missing. */
  gaps(most: number): Range[] {
    const found: Range[] = [];
    let first = this.#whole + 1;
    for (let at = first; at <= this.#sent + 1 && found.length < most; at++) {
      const isHere = at > this.#sent || this.#ahead.has(at);
      if (isHere && at > first) found.push([first, at - 1]);
      if (isHere) first = at + 1;
    }
    return found;
  }
}
