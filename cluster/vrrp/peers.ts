/** The other routers of one virtual router, as they have been heard. */
import { addressText } from '#kit/address-bytes.ts';
import type { Advertisement } from './packet.ts';
import { STOP_PRIORITY } from './state.ts';

export interface PeerFigures {
  readonly address: string;
  readonly version: 2 | 3;
  readonly priority: number;
  readonly intervalMs: number;
  /** Since its last advertisement. */
  readonly ageMs: number;
  readonly advertisements: number;
  /** Its last one said that it stops. */
  readonly stopped: boolean;
}

interface Peer {
  last: Advertisement;
  /** Of the last one that did not say "I stop". */
  priority: number;
  atMs: number;
  count: number;
}

/** Senders can be forged: so many are remembered, the oldest goes. */
const MOST_PEERS = 16;

export class Peers {
  readonly #peers = new Map<string, Peer>();

  heard(source: Uint8Array, advertisement: Advertisement, nowMs: number): void {
    const name = addressText(source);
    const before = this.#peers.get(name);
    this.#peers.delete(name);
    const isStop = advertisement.priority === STOP_PRIORITY;
    this.#peers.set(name, {
      last: advertisement,
      priority: isStop ? (before?.priority ?? 0) : advertisement.priority,
      atMs: nowMs,
      count: (before?.count ?? 0) + 1,
    });
    if (this.#peers.size > MOST_PEERS) this.#peers.delete(this.#peers.keys().next().value!);
  }

  /** @returns those heard last first */
  figures(nowMs: number): PeerFigures[] {
    return [...this.#peers]
      .map(([address, { last, priority, atMs, count }]) => ({
        address,
        version: last.version,
        priority,
        intervalMs: last.intervalMs,
        ageMs: Math.round(nowMs - atMs),
        advertisements: count,
        stopped: last.priority === STOP_PRIORITY,
      }))
      .reverse();
  }
}
