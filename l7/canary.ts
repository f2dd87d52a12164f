/** A process that runs a configuration for a part of the connections, beside the one that runs what is in force: nobody starts it anew. */
import { within } from '#kit/within.ts';
import type { AcmeNews } from './acme/news.ts';
import type { BanOrder, ZoneBans } from './ban/desk.ts';
import { Child, howItEnded } from './child.ts';
import type { PlaneNews, PlaneStatus, Slot, ToControl, ToProcess } from './messages.ts';
import type { PlaneInput } from './plane.ts';
import type { PoolOrder } from './upstream/member-order.ts';

/** What a process of the tier is told once: what others know already. */
export type Knowledge = Pick<
  Extract<ToProcess, { kind: 'prepare' }>,
  'secrets' | 'commanded' | 'acme' | 'found' | 'acmeNotes'
>;

export interface CanaryEars {
  readonly tell: (news: PlaneNews) => void;
  /** Answers what the process asks. */
  readonly work: (question: ToControl) => unknown;
}

/** A process that says nothing for so long is of no use. */
const STATUS_PATIENCE_MS = 30_000;

export class Canary {
  /** Resolves with how the process ended. */
  readonly ended: Promise<string>;
  readonly #child: Child;
  #hasBanned = false;

  constructor(env: NodeJS.ProcessEnv, workers: number, ears: CanaryEars) {
    this.#child = new Child(env, workers);
    this.#child.tell = news => {
      if ('bans' in news) this.#hasBanned = true;
      else ears.tell(news);
    };
    this.#child.work = ears.work;
    this.ended = this.#child.ended.then(howItEnded);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** @param bans of those who serve what is in force @throws {Error} with the reason why it cannot serve; then it is gone */
  async begin(
    { revision, config, sockets, files }: PlaneInput,
    known: Knowledge,
    bans: readonly ZoneBans[],
  ): Promise<void> {
    const child = this.#child;
    const slots = sockets.map(withoutFd);
    try {
      child.give([...sockets.map(({ fd }) => fd), ...files.values()]);
      const newFiles = [...files.keys()];
      await child.ask({ kind: 'prepare', revision, config, slots, newSlots: slots, newFiles, ...known });
      await child.ask({ kind: 'commit', revision });
      await child.ask({ kind: 'bans', restore: bans });
    } catch (fault) {
      await this.end();
      throw new Error(`the canary cannot serve: ${(fault as Error).message}`, { cause: fault });
    }
  }

  /** Undefined: it is down, or says nothing for too long. */
  status(): Promise<PlaneStatus | undefined> {
    return within(STATUS_PATIENCE_MS, this.#ask<PlaneStatus>({ kind: 'status' }));
  }

  /** All bans that it knows, when there are some that were not asked for yet. */
  async newBans(): Promise<readonly ZoneBans[]> {
    if (!this.#hasBanned) return [];
    this.#hasBanned = false;
    const asked = this.#ask<readonly ZoneBans[]>({ kind: 'bans', restore: [] });
    return (await within(STATUS_PATIENCE_MS, asked)) ?? [];
  }

  /** What is said to the others while it runs is said to it as well; what it does not want to hear changes nothing. */
  async follow(
    said: { readonly ban: BanOrder } | { readonly pool: PoolOrder } | { readonly acme: AcmeNews },
  ): Promise<void> {
    if ('ban' in said) await this.#ask({ kind: 'ban-order', order: said.ban });
    else if ('pool' in said) await this.#ask({ kind: 'pool-order', ...said.pool });
    else await this.#ask({ kind: 'acme', fresh: said.acme });
  }

  async rotate(files: ReadonlyMap<string, number>): Promise<void> {
    this.#child.give([...files.values()]);
    await this.#child.ask({ kind: 'rotate', files: [...files.keys()] });
  }

  /** Its connections end with the answer to their next request. @param accepts goes on taking new ones */
  async retire(accepts: boolean): Promise<void> {
    await this.#ask({ kind: 'retire', accepts });
  }

  /** Accepts nothing more, finishes what it serves, and ends. */
  async drain(): Promise<void> {
    void this.#ask({ kind: 'drain' });
    await this.ended;
  }

  /** Ends at once. */
  async end(): Promise<void> {
    this.#child.signal('SIGKILL');
    await this.ended;
  }

  /** A process that has died, or refuses, is no fault of who asks: how it ended is told by `ended`. */
  #ask<A = void>(question: ToProcess): Promise<A | undefined> {
    return this.#child.ask<A>(question).catch(() => undefined);
  }
}

export const withoutFd = ({ key, slot, shared }: Slot): Slot => ({ key, slot, shared });
