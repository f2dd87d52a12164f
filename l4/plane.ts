/** The door of the L4 plane: control gives it configurations, and is spared the deaths of its process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AskedChild } from '#kit/asked-child.ts';
import type { Cidr } from '#kit/cidr.ts';
import { RestartPauses } from '#kit/restart-pauses.ts';
import { Turns } from '#kit/turns.ts';
import type { L4Model } from '#model/l4/l4.ts';
import { withBans } from './bans.ts';
import { type L4Figures, type NamedFlow, withSaid } from './figures.ts';
import type { Teller } from './health/teller.ts';
import { keepOverrides, overridesPathOf, readOverrides } from './kept-overrides.ts';
import type { FromDirector, ToDirector } from './messages.ts';
import { NO_TIMER } from './no-timer.ts';
import {
  findReals,
  type Order,
  type Override,
  orderText,
  partOverrides,
  type Target,
  withOrder,
  withOverrides,
} from './override.ts';

export { attachDecap, DECAP_ATTACH_MODES, type DecapAttachMode, removeDecap } from './decap.ts';
export { type DecapState, decapState } from './decap-state.ts';
export type { L4Figures, NamedFlow, RealFigures, ServiceFigures } from './figures.ts';
export { Watch } from './health/watch.ts';
export { driverOf, reasonForTc, TC_PRIORITY } from './interfaces.ts';
export { FIRST_DROP, REASONS } from './layout.ts';
export {
  COMMANDED_STATES,
  type CommandedState,
  type Order,
  type Said,
  saidTexts,
  type Target,
} from './override.ts';
export { SYNC_REFUSALS, SYNC_STATES, type SyncFigures } from './sync/messages.ts';
export { type Tried, tryPrograms } from './try-programs.ts';

/** Loads what speaks to the kernel, which control itself never does. */
export const loadWithdraw = () => import('./withdraw.ts');

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
/** A process that died is started anew after a growing pause; packets are forwarded meanwhile. */
const PAUSE_MS = { first: 100, most: 5000 };
/** Of a process that the kernel gives no timer. */
const MOST_STARTS = 5;

export class L4Plane {
  /** Tells of deaths, and of what the process has to say. */
  log: Teller = { error() {}, warn() {}, notice() {} };
  readonly #env: NodeJS.ProcessEnv;
  readonly #turns = new Turns();
  #child: Child | undefined;
  #model: L4Model | undefined;
  #overrides: readonly Override[] = [];
  /** Dropped beside what the configuration denies. */
  #banned: readonly Cidr[] = [];
  readonly #pauses = new RestartPauses(PAUSE_MS);

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
   * Forwards by this configuration. What commands have said of real servers holds on, unless their lines say something new.
   *
   * @returns the way back, for when something else of the same change is refused: to what was in force before; where nothing was,
   *   out of the kernel, unless an earlier life of moat was there
   * @throws {Error} with the reason; then all is as it was
   */
  configure(model: L4Model): Promise<() => Promise<void>> {
    return this.#turns.take(async () => {
      const before = this.#model;
      const said = before ? this.#overrides : this.#readOverrides(model);
      const { kept, outdated } = partOverrides(model, said);
      await this.#configure(model, kept);
      this.#model = model;
      this.#keep(model, kept);
      for (const { virtualServer, realServer } of outdated)
        this.log.notice(`l4: ${realServer} of ${virtualServer}: its line is new, what was commanded is over`);
      return () => this.#turns.take(() => this.#goBack(model, before, outdated));
    });
  }

  async #goBack(model: L4Model, before: L4Model | undefined, outdated: readonly Override[]): Promise<void> {
    const said = [...this.#overrides, ...outdated];
    if (!before) {
      this.#model = undefined;
      this.#keep(model, said);
      await this.#child?.ask({ kind: 'withdraw' });
      return this.#end();
    }
    const { kept } = partOverrides(before, said);
    await this.#configure(before, kept);
    this.#model = before;
    this.#keep(before, kept);
  }

  /** Takes out of the kernel what this plane has put into it. @throws {Error} with the reason; then it forwards on */
  remove(): Promise<void> {
    return this.#turns.take(async () => {
      const model = this.#model;
      if (!model) return;
      if (!this.#child) await this.#revive();
      const child = this.#child;
      if (!child) throw new Error('l4: there is no process that could end forwarding');
      await child.ask({ kind: 'remove' });
      this.#child = undefined;
      this.#model = undefined;
      this.#keep(model, []);
      await child.ended;
    });
  }

  /**
   * Does what an operator says of a real server. It is kept in a file, so that it outlives this process.
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
      const overrides = withOrder(this.#overrides, targets, order);
      await this.#configure(model, overrides);
      this.#keep(model, overrides);
      const text = orderText(order);
      for (const { virtualServer, realServer } of targets)
        this.log.notice(`l4: ${realServer} of ${virtualServer}: ${text} by command`);
      return targets;
    });
  }

  /** Drops all packets from these networks until told otherwise, also over reloads. @throws {Error} with the reason */
  ban(networks: readonly Cidr[]): Promise<void> {
    return this.#turns.take(async () => {
      this.#banned = networks;
      if (this.#model) await this.#configure(this.#model, this.#overrides);
    });
  }

  #inForce(model: L4Model, overrides: readonly Override[]): L4Model {
    return withBans(withOverrides(model, overrides), this.#banned);
  }

  #readOverrides({ pinPath }: L4Model): readonly Override[] {
    const path = overridesPathOf(pinPath);
    try {
      return readOverrides(path);
    } catch (fault) {
      this.log.error(`l4: ${path} cannot be read: ${(fault as Error).message}: what was commanded is lost`);
      return [];
    }
  }

  #keep({ pinPath }: L4Model, overrides: readonly Override[]): void {
    this.#overrides = overrides;
    const path = overridesPathOf(pinPath);
    try {
      keepOverrides(path, overrides);
    } catch (fault) {
      this.log.error(`l4: ${path} cannot be written: ${(fault as Error).message}: commands end with moat`);
    }
  }

  /** Undefined while nothing is in force, or the process is down. */
  async figures(): Promise<L4Figures | undefined> {
    const figures = await this.#child?.ask<L4Figures>({ kind: 'figures' }).catch(() => undefined);
    return figures && withSaid(figures, this.#overrides);
  }

  /** At most so many; undefined as with figures(). */
  async flows(most: number): Promise<readonly NamedFlow[] | undefined> {
    const pieces = await this.#child?.ask<string[]>({ kind: 'flows', most }).catch(() => undefined);
    return pieces?.flatMap((piece): NamedFlow[] => JSON.parse(piece));
  }

  async #configure(model: L4Model, overrides: readonly Override[], triesLeft = MOST_STARTS): Promise<void> {
    const child = this.#child ?? this.#start();
    try {
      await child.ask({ kind: 'configure', model: this.#inForce(model, overrides) });
    } catch (fault) {
      if (!this.#model) await this.#end();
      if (this.#child || triesLeft <= 1 || !(fault as Error).message.startsWith(NO_TIMER)) throw fault;
      await this.#configure(model, overrides, triesLeft - 1);
    }
  }

  #start(): Child {
    const child: Child = new AskedChild<ToDirector, Told>({
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

  /**
   * Leaves the maps to a successor: the kernel goes on forwarding, and the process that was here ends when another one keeps the
   * lease, or a while after.
   */
  handOver(): Promise<void> {
    return this.#turns.take(async () => {
      const child = this.#child;
      this.#model = undefined;
      this.#child = undefined;
      await child?.ask({ kind: 'hand-over' }).catch(() => child.disconnect());
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
    this.#pauses.died(performance.now() - child.startedAtMs);
    while (this.#model && !this.#child) {
      await sleep(this.#pauses.next(), undefined, { ref: false });
      await this.#turns.take(() => this.#revive());
    }
  }

  async #revive(): Promise<void> {
    const model = this.#model;
    if (!model || this.#child) return;
    const child = this.#start();
    try {
      await child.ask({ kind: 'configure', model: this.#inForce(model, this.#overrides) });
      this.log.notice(`the L4 process is started anew as ${child.pid}`);
    } catch (fault) {
      this.log.error(`the L4 process cannot start anew: ${(fault as Error).message}`);
      await this.#end();
    }
  }
}

type Told = Exclude<FromDirector, { kind: 'answer' }>;
type Child = AskedChild<ToDirector, Told>;
