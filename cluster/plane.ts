/** The door of the cluster plane: control gives it configurations, and it speaks for its process when that dies. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AskedChild } from '#kit/asked-child.ts';
import { monotonicMs } from '#kit/monotonic.ts';
import { RestartPauses } from '#kit/restart-pauses.ts';
import { Turns } from '#kit/turns.ts';
import { within } from '#kit/within.ts';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { ClusterFigures } from './figures.ts';
import { areGone, fulfil, LastWill } from './last-will.ts';
import type { Log } from './log.ts';
import type { ClusterOrder, FromNode, ToNode } from './messages.ts';
import type { PlaneHealth } from './track/health.ts';
import type { Standing } from './vrrp/instance.ts';
import { newWitness } from './witness/witness.ts';

export { AddressSight } from './fence/address-sight.ts';
export type { ClusterFigures, InstanceFigures, TrackFigures, TransitionFigures } from './figures.ts';
export type { HeartbeatFigures, PathFigures } from './heartbeat/figures.ts';
export { type Incident, viewText } from './heartbeat/incidents.ts';
export { REFUSALS } from './heartbeat/session.ts';
export type { ClusterOrder } from './messages.ts';
export type { NodeSample, PlaneHealth } from './track/health.ts';
export { DROP_REASONS } from './vrrp/admit.ts';

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
/** All of V8 in one thread, for a helper without real-time priority would be waited for; and short collections. */
const FLAGS = ['--v8-pool-size=0', '--single-threaded-gc', '--max-semi-space-size=2'];
/** A witness that does not answer in that time keeps a new process waiting no longer. */
const FORFEIT_MS = 500;
/** A process that died is started anew after a growing pause. */
const PAUSE_MS = { first: 50, most: 5000 };

type Told = Exclude<FromNode, { kind: 'answer' }>;

class Child extends AskedChild<ToNode, Told> {
  readonly will: LastWill;

  constructor(env: NodeJS.ProcessEnv, hear: (message: Told) => void) {
    const will = new LastWill();
    super({ name: 'the cluster process', entry: ENTRY, env, flags: FLAGS, descriptors: [will.fd], hear });
    this.will = will;
  }
}

export class ClusterPlane {
  /** Tells of deaths, and of what the process has to say. */
  log: Log = { error() {}, warn() {}, notice() {} };
  readonly #env: NodeJS.ProcessEnv;
  readonly #turns = new Turns();
  #child: Child | undefined;
  #model: ClusterModel | undefined;
  /** A digest of the whole configuration, as far as both nodes should have it. */
  #revision = '';
  #standings: readonly Standing[] = [];
  readonly #pauses = new RestartPauses(PAUSE_MS);

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** Undefined while no process lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get model(): ClusterModel | undefined {
    return this.#model;
  }

  /** Makes sure that commit() will do: nothing is advertised yet. @throws {Error} with the reason; then all is as it was */
  prepare(model: ClusterModel | undefined): Promise<void> {
    return this.#turns.take(async () => {
      if (!model) return;
      const child = this.#child ?? this.#start();
      try {
        await child.ask({ kind: 'prepare', model });
      } catch (fault) {
        if (!this.#model) await this.#end();
        throw fault;
      }
    });
  }

  /** Undoes a prepare() that nothing follows. */
  abandon(): Promise<void> {
    return this.#turns.take(async () => {
      if (!this.#model) await this.#end();
    });
  }

  /** Takes part in elections by this configuration from now on; without one, it gives everything up. */
  commit(model: ClusterModel | undefined, revision = this.#revision): Promise<void> {
    return this.#turns.take(async () => {
      this.#model = model;
      this.#revision = revision;
      if (model) await (this.#child ?? this.#start()).ask({ kind: 'configure', model, revision });
      else await this.#say({ kind: 'stop' });
    });
  }

  /** Undefined while nothing is in force, or the process is down. */
  async figures(): Promise<ClusterFigures | undefined> {
    return this.#child?.ask<ClusterFigures>({ kind: 'figures' }).catch(() => undefined);
  }

  /** @returns what was done, in words @throws {Error} with the reason */
  async order(order: ClusterOrder): Promise<readonly string[]> {
    if (!this.#child) throw new Error('there is no cluster block in force');
    return this.#child.ask<readonly string[]>({ kind: 'order', order });
  }

  /** Whether an instance hangs on what another plane tells. */
  get wantsHealth(): boolean {
    const { instances = [], groups = [], flowWaitMs } = this.#model ?? {};
    if (flowWaitMs !== undefined) return true;
    return [...instances, ...groups].some(({ tracks }) =>
      tracks.some(({ question: { type } }) => type === 'l4' || type === 'l7' || type === 'health'),
    );
  }

  async tell(health: PlaneHealth): Promise<void> {
    await this.#child?.ask({ kind: 'health', health }).catch(() => {}); // it has died, which is told elsewhere
  }

  #start(): Child {
    const child: Child = new Child(this.#env, message => this.#hear(child, message));
    this.#child = child;
    void child.ended.then(how => this.#bury(child, how));
    return child;
  }

  #hear(child: Child, message: Told): void {
    if (message.kind === 'log') return this.log[message.level](message.message);
    if (this.#child !== child || !this.#model) return;
    this.#standings = message.standings;
    try {
      child.will.write(this.#model, message.standings);
    } catch (fault) {
      this.log.error(`vrrp: nothing is prepared for a crash: ${(fault as Error).message}`);
    }
  }

  /** Gives everything up, so that another node takes over at once. */
  stop(): Promise<void> {
    return this.#turns.take(async () => {
      this.#model = undefined;
      await this.#say({ kind: 'stop' });
    });
  }

  /** Leaves everything to another control process of this host. */
  leave(): Promise<void> {
    return this.#turns.take(async () => {
      this.#model = undefined;
      await this.#say({ kind: 'leave' });
    });
  }

  async #say(last: { readonly kind: 'stop' | 'leave' }): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    await child.ask(last).catch((fault: Error) => this.log.error(fault.message));
    child.disconnect();
    await child.ended;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.disconnect();
    await child?.ended;
  }

  async #bury(child: Child, how: string): Promise<void> {
    const done = child.will.end();
    if (this.#child !== child) return; // it was told to end
    this.#child = undefined;
    const model = this.#model;
    const active = model ? fulfil(model, this.#standings, done, this.log) : [];
    this.#standings = [];
    const late = active.filter(name => !done.has(name));
    this.log.error(
      `the cluster process ${child.pid} ${how}; given up in its stead: ${active.join(' ') || 'nothing'}${late.length > 0 ? `, and late: ${late.join(' ')}` : ''}`,
    );
    if (model) await forfeitRight(model);
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
      await child.ask({ kind: 'configure', model, revision: this.#revision });
      this.log.notice(`the cluster process is started anew as ${child.pid}`);
    } catch (fault) {
      this.log.error(`the cluster process cannot start anew: ${(fault as Error).message}`);
      await this.#end();
    }
  }
}

/** The one that died may have had the right to the addresses from the witness, which nobody else gets before it ends. */
async function forfeitRight(model: ClusterModel): Promise<void> {
  const { heartbeat } = model;
  if (!heartbeat?.witness || !areGone(model)) return;
  const witness = newWitness(heartbeat.witness, heartbeat.node, monotonicMs);
  await within(FORFEIT_MS, witness.forfeit(AbortSignal.timeout(FORFEIT_MS)));
}
