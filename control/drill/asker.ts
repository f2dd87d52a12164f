/** Asks some addresses at a steady pace, each request by a connection of its own, and knows which were answered and when. */
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';
import { monotonicMs } from '#kit/monotonic.ts';

export interface AskerOrder {
  readonly urls: readonly string[];
  readonly perSecond: number;
  readonly timeoutMs: number;
  readonly verifies: boolean;
}

export interface Asked {
  readonly sent: number;
  readonly failed: number;
  /** `ECONNREFUSED 4, status 502 1`; empty: none. */
  readonly faults: string;
  /** The longest time without a request that was answered well, of any address, by the time of sending. */
  readonly silentMs: number;
  readonly silentUrl: string;
}

const TICK_MS = 10;
/** More would tell of this process and not of what it asks. */
const MOST_OPEN = 1000;
const BAD_STATUS = 400;
/** Of other faults the number alone is known. */
const MOST_KINDS = 32;
/** So many good answers in a row, of each address, are "it answers". */
const IN_A_ROW = 5;

export class Asker implements Disposable {
  readonly #order: AskerOrder;
  readonly #timer: NodeJS.Timeout;
  readonly #beganMs = monotonicMs();
  #due = 0;
  #open = 0;
  #sinceMs = monotonicMs();
  #sent = 0;
  #failed = 0;
  #faults = new Map<string, number>();
  /** By address: when the good ones were sent since the count began, and how many were good in a row. */
  readonly #lines: { readonly url: string; goodMs: number[]; row: number; last: string }[];

  constructor(order: AskerOrder) {
    this.#order = order;
    this.#lines = order.urls.map(url => ({ url, goodMs: [], row: 0, last: 'no answer yet' }));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const { perSecond } = this.#order;
    const wanted = ((monotonicMs() - this.#beganMs) / 1000) * perSecond;
    // What a stall kept back is not made up for by a burst.
    this.#due = Math.max(this.#due, wanted - Math.max(1, perSecond / 10));
    for (; this.#due < wanted && this.#open < MOST_OPEN; this.#due++) this.#ask(Math.floor(this.#due));
  }

  #ask(number: number): void {
    const line = this.#lines[number % this.#lines.length]!;
    const sentMs = monotonicMs();
    this.#open++;
    this.#sent++;
    void fault(line.url, this.#order).then(what => {
      this.#open--;
      const isOurs = sentMs >= this.#sinceMs;
      if (what === undefined) {
        line.row++;
        if (isOurs) line.goodMs.push(sentMs);
        return;
      }
      line.row = 0;
      line.last = what;
      if (isOurs) this.#count(what);
    });
  }

  #count(what: string): void {
    this.#failed++;
    const kind = this.#faults.has(what) || this.#faults.size < MOST_KINDS ? what : 'others';
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  /** Counts from now on; what is under way counts no more. */
  forget(): void {
    this.#sinceMs = monotonicMs();
    this.#sent = 0;
    this.#failed = 0;
    this.#faults = new Map();
    for (const line of this.#lines) line.goodMs = [];
  }

  /** What each address has to prove again before it answers. */
  doubt(): void {
    for (const line of this.#lines) line.row = 0;
  }

  /** Which addresses do not answer, and why; empty: all do. */
  get silent(): readonly string[] {
    return this.#lines.filter(({ row }) => row < IN_A_ROW).map(({ url, last }) => `${url}: ${last}`);
  }

  /** Since the count began. */
  get asked(): Asked {
    const nowMs = monotonicMs();
    const lines = this.#lines.map(({ url, goodMs }) => ({
      url,
      ms: longestGap(goodMs, this.#sinceMs, nowMs),
    }));
    const [worst] = lines.toSorted((a, b) => b.ms - a.ms);
    return {
      sent: this.#sent,
      failed: this.#failed,
      faults: [...this.#faults].map(([what, count]) => `${what} ${count}`).join(', '),
      silentMs: Math.round(worst?.ms ?? 0),
      silentUrl: worst?.url ?? '',
    };
  }

  /** Sends nothing more. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** @param moments in any order */
export function longestGap(moments: readonly number[], from: number, to: number): number {
  const all = [from, ...moments.toSorted((a, b) => a - b), to];
  let longest = 0;
  for (let at = 1; at < all.length; at++) longest = Math.max(longest, all[at]! - all[at - 1]!);
  return longest;
}

/** One request. @returns what went wrong; undefined: it was answered well */
function fault(url: string, { timeoutMs, verifies }: AskerOrder): Promise<string | undefined> {
  return new Promise(resolve => {
    const get = url.startsWith('https:') ? getTls : getPlain;
    const request = get(url, { agent: false, rejectUnauthorized: verifies }, response => {
      response.resume();
      response.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'cut short'));
      response.once('end', () => {
        const { statusCode = 0 } = response;
        resolve(statusCode < BAD_STATUS ? undefined : `status ${statusCode}`);
      });
    });
    // The whole answer, and not the silence within it.
    const timer = setTimeout(() => request.destroy(new Error('timeout')), timeoutMs);
    request.once('close', () => {
      clearTimeout(timer);
      resolve('cut short'); // where nothing was told before
    });
    request.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
  });
}
