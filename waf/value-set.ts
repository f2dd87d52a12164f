/** A few distinct texts, nearly always one; a list costs less to make and to ask than a set, until there are many. */
const FEW = 16;

export class ValueSet {
  readonly #few: string[];
  #many: Set<string> | undefined;

  constructor(first: string) {
    this.#few = [first];
  }

  add(value: string): void {
    if (this.has(value)) return;
    if (this.#many) this.#many.add(value);
    else if (this.#few.push(value) > FEW) this.#many = new Set(this.#few);
  }

  has(value: string): boolean {
    return this.#many ? this.#many.has(value) : this.#few.includes(value);
  }
}
