/** Things known of streams that are not there (any more, or yet): a few, the oldest forgotten first. */
export class Recent<T> {
  readonly #most: number;
  readonly #entries = new Map<number, T>();

  constructor(most: number) {
    this.#most = most;
  }

  set(stream: number, value: T): void {
    this.#entries.delete(stream);
    this.#entries.set(stream, value);
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.keys().next().value!);
  }

  has(stream: number): boolean {
    return this.#entries.has(stream);
  }

  take(stream: number): T | undefined {
    const value = this.#entries.get(stream);
    this.#entries.delete(stream);
    return value;
  }
}
