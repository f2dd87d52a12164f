/** Values as rules look at them: each distinct one once, with what may match it. */

/** A distinct value. */
export interface Text {
  readonly value: string;
  /** Patterns of the set that may match, a bit each; made when first asked for. */
  candidates: Uint32Array | undefined;
}

/** The distinct values of one transaction. */
export class Texts {
  readonly #known = new Map<string, Text>();

  of(value: string): Text {
    let text = this.#known.get(value);
    if (!text) {
      text = { value, candidates: undefined };
      this.#known.set(value, text);
    }
    return text;
  }
}
