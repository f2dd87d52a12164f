/** Finds the value of a host name: exact, then the longest wildcard at the start, then the longest at the end. */
import type { HostnameTable as HostnameTableModel } from '#model/hostnames.ts';

export class HostnameTable<V> {
  readonly #exact: ReadonlyMap<string, V>;
  readonly #leading: ReadonlyMap<string, V>;
  readonly #trailing: ReadonlyMap<string, V>;

  /** There is no name in it. */
  readonly empty: boolean;

  constructor({ exact, leading, trailing }: HostnameTableModel<V>) {
    this.#exact = new Map(exact);
    this.#leading = new Map(leading);
    this.#trailing = new Map(trailing);
    this.empty = this.#exact.size + this.#leading.size + this.#trailing.size === 0;
  }

  /** The value of the name itself. @param name lower case */
  exact(name: string): V | undefined {
    return this.#exact.get(name);
  }

  /** @param name lower case, without port; at most one look-up a label and table */
  find(name: string): V | undefined {
    return this.#exact.get(name) ?? this.#leadingOf(name) ?? this.#trailingOf(name);
  }

  #leadingOf(name: string): V | undefined {
    if (this.#leading.size === 0) return undefined;
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const value = this.#leading.get(name.slice(dot));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #trailingOf(name: string): V | undefined {
    if (this.#trailing.size === 0) return undefined;
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const value = this.#trailing.get(name.slice(0, dot + 1));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
