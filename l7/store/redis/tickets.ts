/** Session ticket keys as they lie in Redis: sealed, and for so long as a day; whoever finds older ones there takes them. */

import { RedisError, type Reply } from '#kit/resp.ts';
import type { Trouble } from '../figures.ts';
import { FrameFault } from '../frame.ts';
import { readTickets, type TicketClaim, ticketsBody } from '../records.ts';
import type { Offered } from '../store-way.ts';
import type { Sealer } from './seal.ts';
import type { Command } from './zone-log.ts';

/** Forgotten when no node has said them again for so long; keys of another day are of no use to anybody. */
const KEEP_MS = 24 * 3_600_000;
/** They are said again so often, so that they do not end, and so that those of hours past cannot be found out. */
const RENEWAL_MS = 600_000;

export interface TicketMeans {
  readonly sealer: Sealer;
  readonly nowMs: () => number;
  readonly claim: () => TicketClaim;
  readonly offer: (claim: TicketClaim) => Offered;
  readonly trouble: (what: Trouble, detail: string) => void;
}

export class SharedTickets {
  readonly #key: string;
  readonly #means: TicketMeans;
  #saidMs = Number.NEGATIVE_INFINITY;
  #mustSay = false;

  constructor(prefix: string, means: TicketMeans) {
    this.#key = `${prefix}tickets`;
    this.#means = means;
  }

  /** Whether ours are to be said as soon as may be. */
  get hasNews(): boolean {
    return this.#mustSay;
  }

  /** Looks what is there, and says ours where they hold. */
  commands(): Command[] {
    const look: Command = { words: ['GET', this.#key], take: reply => this.#judge(reply) };
    return this.#mustSay ? [this.#say(), look] : [look];
  }

  #say(): Command {
    const { sealer, claim, nowMs } = this.#means;
    this.#mustSay = false;
    return {
      words: ['SET', this.#key, sealer.seal(this.#key, ticketsBody(claim())), 'PX', KEEP_MS],
      take: reply => {
        if (!(reply instanceof RedisError)) this.#saidMs = nowMs(); // a refusal shows with the next look
      },
    };
  }

  #judge(reply: Reply): void {
    const { claim, offer, nowMs, trouble } = this.#means;
    if (reply instanceof RedisError) return;
    const theirs = reply instanceof Buffer ? this.#read(reply) : undefined;
    const offered = theirs && offer(theirs);
    if (offered === 'taken') return;
    if (offered === 'apart') trouble('rubbish', `${this.#key} is of another day: the clocks differ`);
    this.#mustSay = !theirs || !isSame(theirs, claim()) || nowMs() - this.#saidMs > RENEWAL_MS;
  }

  #read(sealed: Buffer): TicketClaim | undefined {
    const { sealer, trouble } = this.#means;
    const opened = sealer.open(this.#key, sealed);
    if (!opened) {
      trouble('key', `${this.#key} was not sealed with our key`);
      return undefined;
    }
    try {
      return readTickets(opened.plain);
    } catch (fault) {
      if (!(fault instanceof FrameFault)) throw fault;
      trouble('rubbish', `${this.#key}: ${fault.message}`);
      return undefined;
    }
  }
}

/** A clock that is a little ahead has the next hour's already. */
const isSame = (theirs: TicketClaim, ours: TicketClaim): boolean =>
  theirs.bornMs === ours.bornMs &&
  (theirs.seed.period > ours.seed.period ||
    (theirs.seed.period === ours.seed.period && Buffer.compare(theirs.seed.secret, ours.seed.secret) === 0));
