/** Collects values by host name while a block is read. */
import { asciiLower } from '#kit/ascii.ts';
import type { HostnameTable } from '#model/hostnames.ts';

export class HostnameKeys<V> {
  readonly #exact: Map<string, V>;
  readonly #leading: Map<string, V>;
  readonly #trailing: Map<string, V>;

  /** @param before what stands there already */
  constructor(before?: HostnameTable<V>) {
    this.#exact = new Map(before?.exact);
    this.#leading = new Map(before?.leading);
    this.#trailing = new Map(before?.trailing);
  }

  /** Takes the text as it is, in any case. @returns false when it stands there already */
  addExact(text: string, value: V): boolean {
    return put(this.#exact, asciiLower(text), value);
  }

  /**
   * Takes a name that may be a wildcard.
   *
   * @returns what is wrong: the name is none, or it is there already
   */
  add(text: string, value: V): 'invalid' | 'conflict' | undefined {
    const name = asciiLower(text);
    if (/\*.*\*|\.\.|\0/s.test(name)) return 'invalid';
    if (/^\../s.test(name)) return this.#addTree(name, value);
    if (/^\*\../s.test(name)) return put(this.#leading, name.slice(1), value) ? undefined : 'conflict';
    if (/.\.\*$/s.test(name)) return put(this.#trailing, name.slice(0, -1), value) ? undefined : 'conflict';
    if (name.includes('*')) return 'invalid';
    return put(this.#exact, name, value) ? undefined : 'conflict';
  }

  /** `.example.org`: the name itself and all below it. */
  #addTree(name: string, value: V): 'conflict' | undefined {
    if (this.#exact.has(name.slice(1)) || this.#leading.has(name)) return 'conflict';
    this.#exact.set(name.slice(1), value);
    this.#leading.set(name, value);
    return undefined;
  }

  get table(): HostnameTable<V> {
    return { exact: [...this.#exact], leading: [...this.#leading], trailing: [...this.#trailing] };
  }
}

function put<V>(map: Map<string, V>, key: string, value: V): boolean {
  if (map.has(key)) return false;
  map.set(key, value);
  return true;
}
