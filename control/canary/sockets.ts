/** The listening sockets of a canary: beside those in force, on the same addresses, with a share of the connections that come. */
import type { ListeningSocket } from '#l7';
import { closeFd, steerGroup, unsteerGroup } from '#native/socket.ts';
import { type Listeners, openSocket } from '../listeners.ts';

export class CanarySockets {
  readonly #listeners: Listeners;
  /** By the key of their address, the canary's own. */
  readonly #own = new Map<string, ListeningSocket[]>();
  /** How many are in force at each. */
  readonly #first = new Map<string, number>();
  readonly #shared: ListeningSocket[] = [];

  /**
   * Opens `workers` sockets at each address that is in force and in `keys`; a Unix socket is shared with the others, and whoever is
   * quicker has the connection. Nothing comes to them yet.
   *
   * @throws {Error} that names the address; then nothing stays open
   */
  constructor(listeners: Listeners, keys: ReadonlySet<string>, workers: number) {
    this.#listeners = listeners;
    try {
      for (const [key, sockets] of Map.groupBy(listeners.sockets, socket => socket.key))
        if (keys.has(key)) this.#openAt(key, sockets, workers);
    } catch (fault) {
      this.close();
      throw fault;
    }
  }

  #openAt(key: string, inForce: readonly ListeningSocket[], workers: number): void {
    const [first] = inForce;
    if (first?.shared) return void this.#shared.push(first);
    const listen = this.#listeners.inForce[key];
    if (!first || !listen) return;
    const own: ListeningSocket[] = [];
    this.#own.set(key, own);
    this.#first.set(key, inForce.length);
    // Before there is one: from its first moment on it has no more than its share.
    steerGroup(first.fd, { first: inForce.length, others: workers, othersPercent: 0 });
    for (let slot = 0; slot < workers; slot++) own.push({ key, slot, shared: false, fd: openSocket(listen) });
  }

  /** What the canary serves. */
  get sockets(): readonly ListeningSocket[] {
    return [...[...this.#own.values()].flat(), ...this.#shared];
  }

  /** @param percent of the connections that come from now on; those that wait in its queues stay there */
  give(percent: number): void {
    for (const [key, own] of this.#own) {
      const [socket] = own;
      const first = this.#first.get(key);
      if (socket && first) steerGroup(socket.fd, { first, others: own.length, othersPercent: percent });
    }
  }

  /** The canary has left them: the others have all connections, spread as before. */
  close(): void {
    for (const [key, own] of this.#own) {
      for (const { fd } of own) closeFd(fd);
      const left = this.#listeners.sockets.find(socket => socket.key === key);
      if (left) unsteerGroup(left.fd);
    }
    this.#own.clear();
  }
}
