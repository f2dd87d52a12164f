/** Requests that wait until a member has room: `queue`. */
import type { Clock } from '../clock.ts';
import type { Peers } from '../zone/peers.ts';
import type { Member } from './member.ts';
import type { MemberSeeker } from './seeker.ts';

/** Threads tell each other of room; this is how long a word that was lost delays a request. */
const LOOK_MS = 1000;

interface Waiter {
  readonly seeker: MemberSeeker;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Where it is counted. */
  readonly peers: Peers;
}

/** The queue of one pool in one thread. Its length counts for all threads together; each serves its own in order. */
export class PoolQueue {
  readonly #model: { readonly length: number; readonly timeoutMs: number };
  readonly #clock: Clock;
  /** Chooses without queueing. */
  readonly #pick: (seeker: MemberSeeker) => Member | undefined;
  readonly #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #listening = false;
  #serving = false;

  constructor(
    model: { readonly length: number; readonly timeoutMs: number },
    clock: Clock,
    pick: (seeker: MemberSeeker) => Member | undefined,
  ) {
    this.#model = model;
    this.#clock = clock;
    this.#pick = pick;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** @param peers the last of them stands for the queue: who waits is counted there @returns false when it is full */
  join(seeker: MemberSeeker, peers: Peers): boolean {
    peers.lock.acquire();
    const begun = peers.tryBegin(peers.names.length - 1, this.#model.length);
    peers.lock.release();
    if (!begun) return false;
    const sinceMs = this.#clock.nowMs();
    this.#waiters.push({ seeker, peers, sinceMs, untilMs: sinceMs + this.#model.timeoutMs });
    this.#setTimer();
    void this.#listen();
    return true;
  }

  /** The seeker waits no more. */
  leave(seeker: MemberSeeker): void {
    const at = this.#waiters.findIndex(waiter => waiter.seeker === seeker);
    if (at !== -1) this.#remove(at);
  }

  /** A member may have room: serves who waits here, when the present work is done. */
  roomMade(): void {
    if (this.#waiters.length === 0 || this.#serving) return;
    this.#serving = true;
    setImmediate(() => {
      this.#serving = false;
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      const { seeker, sinceMs } = this.#waiters[0]!;
      const member = this.#pick(seeker);
      if (!member) return;
      this.leave(seeker);
      seeker.queuedMs = this.#clock.nowMs() - sinceMs;
      seeker.chosen(member);
    }
  }

  /** Who waits for longest gives up first: all wait equally long. */
  #expire(): void {
    const nowMs = this.#clock.nowMs();
    while (this.#waiters.length > 0 && this.#waiters[0]!.untilMs <= nowMs) {
      const { seeker } = this.#waiters[0]!;
      this.#remove(0);
      seeker.chosen(undefined);
    }
    this.#setTimer();
  }

  #remove(at: number): void {
    const [{ peers }] = this.#waiters.splice(at, 1) as [Waiter];
    peers.end(peers.names.length - 1);
  }

  #setTimer(): void {
    if (this.#timer || this.#waiters.length === 0) return;
    const leftMs = Math.max(1, Math.ceil(this.#waiters[0]!.untilMs - this.#clock.nowMs()));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#expire();
    }, leftMs);
  }

  /** Hears of room that other threads make, for as long as somebody waits here. */
  async #listen(): Promise<void> {
    if (this.#listening) return;
    this.#listening = true;
    while (this.#waiters.length > 0) {
      await this.#waiters[0]!.peers.awaitRoom(LOOK_MS);
      this.#serve();
    }
    this.#listening = false;
  }
}
