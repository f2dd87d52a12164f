/** One canary: a process on what is new, with a share of the connections, watched until it is judged, and then sent away. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Canary, L7Plane, ZoneBans } from '#l7';
import { judge, type Verdict } from './judge.ts';
import type { CanaryPlan } from './plan.ts';
import type { CanarySockets } from './sockets.ts';
import { type Counts, slowestS, Tally } from './tally.ts';

const LOOK_MS = 500;
/** For handshakes that are under way when nothing more is sent to it, and for clients to hear that their connections end. */
const RETIRE_MS = 3000;

/** How it ended; `stopped`: by somebody, or because something else came into force. */
export type Ended = Verdict | { readonly kind: 'worse' | 'stopped'; readonly figures: string };

/** What one side did, to be shown. */
export interface Side {
  readonly requests: number;
  readonly failed: number;
  /** 95 of 100 took at most so long. */
  readonly slowestMs?: number | undefined;
}

const sideOf = (counts: Counts): Side => {
  const slowest = slowestS(counts);
  const { requests, failed } = counts;
  return { requests, failed, slowestMs: slowest && Math.round(slowest * 10_000) / 10 };
};

export interface RunMeans {
  readonly plane: Pick<L7Plane, 'status'>;
  /** Whom it has banned the others are to refuse, too. */
  readonly banned: (zones: readonly ZoneBans[]) => Promise<void>;
  /** Why the canary has no sense any more: something else is in force, or about to be. */
  readonly overtaken: () => string | undefined;
}

export class CanaryRun {
  readonly startedMs = Date.now();
  readonly pid: number;
  /** Resolves with what came of it; never rejects. */
  readonly ended: Promise<Ended>;
  readonly #plan: CanaryPlan;
  readonly #canary: Canary;
  readonly #sockets: CanarySockets;
  readonly #means: RunMeans;
  readonly #old = new Tally();
  readonly #fresh = new Tally();
  /** Why it is not to go on, as soon as there is a reason. */
  #stop: Ended | undefined;
  readonly #wake = new AbortController();

  /** @param canary serves the sockets, which nothing comes to yet */
  constructor(plan: CanaryPlan, canary: Canary, sockets: CanarySockets, means: RunMeans) {
    this.#plan = plan;
    this.#canary = canary;
    this.#sockets = sockets;
    this.#means = means;
    this.pid = canary.pid;
    void canary.ended.then(how => this.#end({ kind: 'worse', figures: `the canary's process ${how}` }));
    this.ended = this.#watch();
  }

  get endsMs(): number {
    return this.startedMs + this.#plan.lengthMs;
  }

  get sides(): { readonly old: Side; readonly fresh: Side } {
    return { old: sideOf(this.#old.counts), fresh: sideOf(this.#fresh.counts) };
  }

  /** @param why for who reads the history */
  stop(why: string): void {
    this.#end({ kind: 'stopped', figures: why });
  }

  #end(how: Ended): void {
    this.#stop ??= how;
    this.#wake.abort();
  }

  async #watch(): Promise<Ended> {
    try {
      await this.#look(); // from here on both are counted
      this.#sockets.give(this.#plan.sharePercent);
      const { signal } = this.#wake;
      while (!this.#stop) {
        const isOver = Date.now() >= this.endsMs;
        await this.#look();
        const said = this.#stop ?? judge(this.#old.counts, this.#fresh.counts, this.#plan, isOver);
        if (said) return said;
        await sleep(Math.min(LOOK_MS, Math.max(1, this.endsMs - Date.now())), undefined, { signal }).catch(
          () => {},
        );
      }
      return this.#stop;
    } catch (fault) {
      return { kind: 'stopped', figures: (fault as Error).message };
    }
  }

  async #look(): Promise<void> {
    const why = this.#means.overtaken();
    if (why !== undefined) return this.stop(why);
    const [old, fresh] = await Promise.all([this.#means.plane.status(), this.#canary.status()]);
    if (old) this.#old.look(old); // its process may be on its way back
    if (!fresh) return this.#end({ kind: 'worse', figures: "the canary's process does not answer" });
    this.#fresh.look(fresh);
    await this.#shareBans();
    const dead = fresh.workers.find(({ restarts }) => restarts > 0);
    if (dead) this.#end({ kind: 'worse', figures: `worker ${dead.workerId} of the canary died` });
  }

  async #shareBans(): Promise<void> {
    const zones = await this.#canary.newBans();
    if (zones.length > 0) await this.#means.banned(zones);
  }

  /** Sends it away; no connection that has come to it is cut off. @returns when its sockets are free; it may finish long answers after that */
  async leave(): Promise<void> {
    this.#sockets.give(0);
    await this.#canary.retire(true);
    const time = sleep(RETIRE_MS, undefined, { ref: false });
    await Promise.race([time, this.#canary.ended]); // of a dead one nobody waits in vain for an answer
    await this.#shareBans();
    await this.#canary.retire(false);
    this.#sockets.close();
    void this.#canary.drain();
  }
}
