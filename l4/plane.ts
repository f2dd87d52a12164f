/** The door of the L4 plane: control gives it configurations, and is spared the deaths of its process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AskedChild } from '#kit/asked-child.ts';
import { Turns } from '#kit/turns.ts';
import type { L4Model } from '#model/l4/l4.ts';
import type { L4Figures, NamedFlow } from './figures.ts';
import type { Teller } from './health/teller.ts';
import type { FromDirector, ToDirector } from './messages.ts';
import { NO_TIMER } from './no-timer.ts';
import { findReals, type Order, type Override, type Target, withOrder, withOverrides } from './override.ts';

export { attachDecap, DECAP_ATTACH_MODES, type DecapAttachMode, removeDecap } from './decap.ts';
export { type DecapState, decapState } from './decap-state.ts';
export type { L4Figures, NamedFlow, RealFigures, ServiceFigures } from './figures.ts';
export { reasonForTc, TC_PRIORITY } from './interfaces.ts';
export type { Order, Target } from './override.ts';
export { type Tried, tryPrograms } from './try-programs.ts';

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
/** A process that died is started anew after a growing pause; packets are forwarded meanwhile. */
const PAUSE_MS = { first: 100, most: 5000 };
/** Of a process that the kernel gives no timer. */
const MOST_STARTS = 5;
/** One that lived so long was no fault of the configuration. */
const STABLE_MS = 10_000;

export class L4Plane {
  /** Tells of deaths, and of what the process has to say. */
  log: Teller = { error() {}, warn() {}, notice() {} };
  readonly #env: NodeJS.ProcessEnv;
  readonly #turns = new Turns();
  #child: Child | undefined;
  #model: L4Model | undefined;
  #overrides: readonly Override[] = [];
  #pauseMs = 0;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** Undefined while no process lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What is in force; undefined: nothing is forwarded, or nothing was said yet. */
  get model(): L4Model | undefined {
    return this.#model;
  }

  /**
   * Forwards by this configuration; without one, what this plane has put into the kernel is taken out.
   *
   * @throws {Error} with the reason; then all is as it was
   */
  configure(model: L4Model | undefined): Promise<void> {
    return this.#turns.take(async () => {
      if (model) await this.#configure(model);
      else await this.#remove();
      this.#model = model;
    });
  }

  /**
   * Does what an operator says of a real server, for as long as this plane lives.
   *
   * @param service undefined: in all virtual servers that have it
   * @returns which ones were meant @throws {Error} when there is none, or it cannot be done; then nothing has changed
   */
  override(order: Order, real: string, service?: string): Promise<readonly Target[]> {
    return this.#turns.take(async () => {
      const model = this.#model;
      const targets = model ? findReals(model, real, service) : [];
      if (!model || targets.length === 0)
        throw new Error(`there is no real server ${real}${service === undefined ? '' : ` of ${service}`}`);
      const before = this.#overrides;
      this.#overrides = withOrder(before, targets, order);
      try {
        await this.#configure(model);
      } catch (fault) {
        this.#overrides = before;
        throw fault;
      }
      for (const { virtualServer, realServer } of targets)
        this.log.notice(`l4: ${realServer} of ${virtualServer}: ${order.kind} by command`);
      return targets;
    });
  }

  /** Undefined while nothing is in force, or the process is down. */
  async figures(): Promise<L4Figures | undefined> {
    return this.#child?.ask<L4Figures>({ kind: 'figures' }).catch(() => undefined);
  }

  /** At most so many; undefined as with figures(). */
  async flows(most: number): Promise<readonly NamedFlow[] | undefined> {
    return this.#child?.ask<NamedFlow[]>({ kind: 'flows', most }).catch(() => undefined);
  }

  async #configure(model: L4Model, triesLeft = MOST_STARTS): Promise<void> {
    const child = this.#child ?? this.#start();
    try {
      await child.ask({ kind: 'configure', model: withOverrides(model, this.#overrides) });
    } catch (fault) {
      if (!this.#model) await this.#end();
      if (this.#child || triesLeft <= 1 || !(fault as Error).message.startsWith(NO_TIMER)) throw fault;
      await this.#configure(model, triesLeft - 1);
    }
  }

  async #remove(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    await child.ask({ kind: 'remove' });
    this.#child = undefined;
    await child.ended;
  }

  #start(): Child {
    const child: Child = new AskedChild<Demand, Told>({
      name: 'the L4 process',
      entry: ENTRY,
      env: this.#env,
      hear: ({ level, message }) => this.log[level](message),
    });
    this.#child = child;
    void child.ended.then(how => this.#bury(child, how));
    return child;
  }

  /** Ends the process; the kernel goes on forwarding. */
  stop(): Promise<void> {
    return this.#turns.take(async () => {
      this.#model = undefined;
      await this.#end();
    });
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.disconnect();
    await child?.ended;
  }

  async #bury(child: Child, how: string): Promise<void> {
    if (this.#child !== child) return; // it was told to end
    this.#child = undefined;
    this.log.error(`the L4 process ${child.pid} ${how}; packets are forwarded as before`);
    if (performance.now() - child.startedAtMs >= STABLE_MS) this.#pauseMs = 0;
    while (this.#model && !this.#child) {
      await sleep(this.#pauseMs, undefined, { ref: false });
      this.#pauseMs = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.first, this.#pauseMs * 2));
      await this.#turns.take(() => this.#revive());
    }
  }

  async #revive(): Promise<void> {
    const model = this.#model;
    if (!model || this.#child) return;
    const child = this.#start();
    try {
      await child.ask({ kind: 'configure', model: withOverrides(model, this.#overrides) });
      this.log.notice(`the L4 process is started anew as ${child.pid}`);
    } catch (fault) {
      this.log.error(`the L4 process cannot start anew: ${(fault as Error).message}`);
      await this.#end();
    }
  }
}

type Demand = ToDirector extends infer M ? (M extends { id: number } ? Omit<M, 'id'> : never) : never;
type Told = Exclude<FromDirector, { kind: 'answer' }>;
type Child = AskedChild<Demand, Told>;
