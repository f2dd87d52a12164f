/** Idle connections to the members of a pool, in one worker; they outlive reloads. */
import type { MemberConnection } from './member-connection.ts';

/** Where more keys than these are known, those without a connection are forgotten: clients may choose them. */
const MOST_BARE_KEYS = 16;

/** Connections to one address by the key of their connector; the last one used stands last. */
export type Stacks = Map<string, MemberConnection[]>;

export class IdleConnections {
  /** Most of them, to all members together. */
  limit: number;
  readonly #byAddress = new Map<string, Stacks>();
  /** In the order they came to rest: the first has been idle for longest. */
  readonly #resting = new Set<MemberConnection>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#resting.size;
  }

  /** Those to an address: the same object for as long as this lives. */
  stacksOf(address: string): Stacks {
    let stacks = this.#byAddress.get(address);
    if (!stacks) this.#byAddress.set(address, (stacks = new Map()));
    return stacks;
  }

  /** The last used connection of that key. @param stacks of the member's address */
  take(stacks: Stacks, key: string): MemberConnection | undefined {
    const stack = stacks.get(key);
    const connection = stack?.pop();
    if (!connection) return undefined;
    this.#resting.delete(connection);
    if (stack!.length === 0) forgetBare(stacks, key);
    return connection;
  }

  /** Keeps a connection; when there are too many, the one unused for longest is closed. */
  rest(connection: MemberConnection): void {
    if (this.limit === 0) return connection.destroy();
    const { stacks } = connection.member;
    const stack = stacks.get(connection.key);
    if (stack) stack.push(connection);
    else stacks.set(connection.key, [connection]);
    this.#resting.add(connection);
    this.trim();
  }

  /** Closes what is more than the limit. */
  trim(): void {
    for (const connection of this.#resting) {
      if (this.#resting.size <= this.limit) return;
      connection.destroy();
    }
  }

  /** Forgets a connection that was closed. */
  drop(connection: MemberConnection): void {
    if (!this.#resting.delete(connection)) return;
    const { stacks } = connection.member;
    const stack = stacks.get(connection.key);
    const at = stack?.indexOf(connection) ?? -1;
    if (at === -1) return;
    stack!.splice(at, 1);
    if (stack!.length === 0) forgetBare(stacks, connection.key);
  }

  /** Closes all to addresses that are not in use any more. */
  keepOnly(addresses: ReadonlySet<string>): void {
    for (const [address, stacks] of this.#byAddress) {
      if (addresses.has(address)) continue;
      this.#byAddress.delete(address);
      for (const stack of stacks.values()) for (const connection of [...stack]) connection.destroy();
    }
  }
}

function forgetBare(stacks: Stacks, key: string): void {
  if (stacks.size > MOST_BARE_KEYS) stacks.delete(key);
}
