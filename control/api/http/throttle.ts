/** Counts bad tokens by address: who brings many is told to wait, and the log does not fill with him. */
import { isIPv6 } from 'node:net';

const WINDOW_MS = 60_000;
const MOST_BAD = 10;
const MOST_ADDRESSES = 4096;

interface Count {
  readonly sinceMs: number;
  bad: number;
}

export class Throttle {
  readonly #now: () => number;
  readonly #counts = new Map<string, Count>();

  /** @param now ms of a clock that does not go back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns how long he has to wait, in s; undefined: he may go on trying */
  waitS(address: string): number | undefined {
    const count = this.#counts.get(networkOf(address));
    if (!count || count.bad < MOST_BAD) return undefined;
    const leftMs = count.sinceMs + WINDOW_MS - this.#now();
    return leftMs > 0 ? Math.ceil(leftMs / 1000) : undefined;
  }

  /** @returns how many there were in his minute, this one included */
  bad(address: string): number {
    const key = networkOf(address);
    const nowMs = this.#now();
    const known = this.#counts.get(key);
    const count = known && nowMs - known.sinceMs < WINDOW_MS ? known : { sinceMs: nowMs, bad: 0 };
    count.bad++;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    if (this.#counts.size > MOST_ADDRESSES) this.#counts.delete(this.#counts.keys().next().value!);
    return count.bad;
  }

  /** One that was counted has turned out to be good. */
  good(address: string): void {
    const count = this.#counts.get(networkOf(address));
    if (count && count.bad > 0) count.bad--;
  }
}

/** Who has an IPv6 address has 2^64 of them. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array(8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
