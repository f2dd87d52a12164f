/**
 * Does once what must not be done in every thread: keeps the memory of the pools, looks up their members, checks their health.
 * It lives in the main thread of the L7 process.
 */
import type { Log } from '#kit/log.ts';
import { Turns } from '#kit/turns.ts';
import type { HealthCheckModel } from '#model/l7/health.ts';
import type { HttpModel } from '#model/l7/http.ts';
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import { monotonicMs } from '../clock.ts';
import { DiscoveryBook, sourceKeysOf } from '../discovery/book.ts';
import type { FollowHands } from '../discovery/follow.ts';
import type { KeptSource } from '../discovery/kept.ts';
import { HealthChecker, type Ward } from '../health/checker.ts';
import { PROBES } from '../health/table.ts';
import { NameBook } from '../resolve/name-book.ts';
import type { Seat } from '../zone/kept.ts';
import { ownerOf } from '../zone/lock.ts';
import type { ZoneTable } from '../zone/table.ts';
import { expandMembers, wishesOfPool } from './expand.ts';
import { KeptPool } from './kept-pool.ts';
import {
  type MemberOverride,
  type MemberTarget,
  type PoolOrder,
  partMemberOverrides,
  withMemberOrder,
  withMemberOverrides,
} from './member-order.ts';
import type { PoolShare } from './pool-share.ts';
import {
  type PoolSnapshot,
  type PoolSources,
  snapshotOf,
  withCommands,
  withSources,
} from './pool-snapshot.ts';
import { writeState } from './state-file.ts';
import { type PoolSessions, sessionsOf } from './sticky/count.ts';

export interface StewardMeans {
  readonly seat: Seat;
  readonly log: () => Log;
  /** Has all threads go on with other members. */
  readonly change: (shares: readonly PoolShare[]) => Promise<void>;
  /** Tells all threads that all of them have. */
  readonly settle: () => Promise<void>;
  /** Reads a file that the configuration names, with the rights of control. */
  readonly readFile?: FollowHands['read'];
  /** Keeps what sources of members named last, over the life of the process. */
  readonly keepFound?: (kept: readonly KeptSource[]) => void;
}

type Pools = ReadonlyMap<string, KeptPool>;

/** What is commanded of members, of a configuration that has come into force. */
export interface KeptOverrides {
  readonly kept: readonly MemberOverride[];
  /** Whose lines have come to say something else. */
  readonly outdated: readonly MemberOverride[];
}

const NO_OVERRIDES: KeptOverrides = { kept: [], outdated: [] };

export class PoolSteward {
  readonly #means: StewardMeans;
  readonly #names: NameBook;
  readonly #discovery: DiscoveryBook;
  readonly #checker: HealthChecker;
  #checks: ReadonlyMap<string, readonly HealthCheckModel[]> = new Map();
  #nextHttp: HttpModel | undefined;
  #current: Pools = new Map();
  #next: Pools | undefined;
  /** What ran before: requests that began then may still use it. */
  #before: Pools = new Map();
  #overrides: KeptOverrides = NO_OVERRIDES;
  #nextOverrides: KeptOverrides | undefined;
  #generations = 0;
  /** Names whose addresses changed and sources that name others, as long as the pools do not follow yet. */
  readonly #stale = new Set<string>();
  /** From the preparation of a configuration until its threads have settled, members stay as they are. */
  #held = false;
  readonly #turns = new Turns();

  constructor(means: StewardMeans) {
    this.#means = means;
    this.#checker = new HealthChecker({
      probes: PROBES,
      log: means.log,
      nowMs: monotonicMs,
      random: Math.random,
    });
    const changed = (key: string) => {
      this.#stale.add(key);
      this.#follow();
    };
    this.#names = new NameBook({ nowMs: monotonicMs, log: means.log, changed });
    this.#discovery = new DiscoveryBook({
      nowMs: Date.now,
      log: means.log,
      random: Math.random,
      read: means.readFile ?? (() => Promise.reject(new Error('nobody reads files here'))),
      changed: key => {
        means.keepFound?.(this.#discovery.kept());
        changed(key);
      },
    });
  }

  /**
   * Makes the pools of a configuration beside those that run, with the `implied` ones (impliedByName). Waits a little for names and sources that are new.
   *
   * @param commanded what was said of members before
   * @param kept whom sources named before
   */
  async prepare(
    http: HttpModel,
    implied: readonly PoolModel[],
    commanded: readonly MemberOverride[] = [],
    kept: readonly KeptSource[] = [],
  ): Promise<void> {
    const models = [...http.pools, ...implied];
    await this.#discovery.want(models, kept);
    const lined = models.map(model => this.#discovery.with(model));
    const overrides = partMemberOverrides(lined, commanded);
    const ordered = lined.map(model => withMemberOverrides(model, overrides.kept));
    await this.#names.want(new Map(ordered.flatMap(model => [...wishesOfPool(model)])));
    await this.#turns.take(async () => {
      this.#held = true;
    });
    this.#nextOverrides = overrides;
    this.#next = new Map(models.map(model => [model.name, this.#make(model)]));
    this.#nextHttp = http;
  }

  /** @param base as configured @param isNew its members are not those that the threads read in the configuration */
  #make(base: PoolModel, isNew = false): KeptPool {
    const lined = this.#discovery.with(base);
    const model = withMemberOverrides(lined, (this.#nextOverrides ?? this.#overrides).kept);
    const members = expandMembers(model, key => this.#names.endpoints(key));
    const old = this.#current.get(model.name);
    const asConfigured = !isNew && model === base && wishesOfPool(model).size === 0;
    return new KeptPool(base, model, members, this.#means.seat, old, ++this.#generations, asConfigured);
  }

  /** What the threads are given: of the prepared configuration, or else of the one that runs. */
  shares(): PoolShare[] {
    return [...(this.#next ?? this.#current).values()].map(pool => pool.share());
  }

  /** The prepared pools run. @returns what is commanded of their members */
  commit(): KeptOverrides {
    const http = this.#nextHttp;
    if (!this.#next || !http) throw new Error('Cannot commit pools: none are prepared');
    this.#before = this.#current;
    this.#current = this.#next;
    this.#overrides = this.#nextOverrides ?? NO_OVERRIDES;
    this.#next = this.#nextHttp = this.#nextOverrides = undefined;
    for (const pool of this.#current.values()) pool.take();
    this.#forgetNames();
    this.#checks = Map.groupBy(http.healthChecks, check => check.pool);
    this.#checker.useVariables(http.variables);
    this.#checker.keepOnly(new Set(this.#checks.keys()));
    this.#check([...this.#current.values()], true);
    return this.#overrides;
  }

  /** Has the members of these pools checked, before any thread sees them. Where no check is configured any more all are well. */
  #check(pools: readonly KeptPool[], reloaded: boolean): void {
    const wards = pools.flatMap((pool): Ward[] => {
      const checks = this.#checks.get(pool.model.name);
      if (!checks) pool.declareHealthy();
      return checks ? [{ poolName: pool.model.name, checks, beds: pool.beds() }] : [];
    });
    this.#checker.follow(wards, reloaded);
  }

  abandon(): void {
    this.#next = this.#nextHttp = this.#nextOverrides = undefined;
    this.#forgetNames();
    this.#release();
  }

  /** All threads have taken up what was committed. */
  async settle(): Promise<void> {
    for (const pool of this.#current.values()) pool.settle();
    await this.#means.settle();
    this.#release();
  }

  #forgetNames(): void {
    const pools = [...this.#current.values()];
    this.#discovery.keepOnly(pools.map(({ base }) => base));
    this.#names.keepOnly(new Set(pools.flatMap(pool => [...wishesOfPool(pool.model).keys()])));
  }

  #release(): void {
    this.#held = false;
    this.#follow();
  }

  /** Brings the pools to what their names stand for and whom their sources name now, one change after the other. */
  #follow(): void {
    if (this.#held || this.#stale.size === 0) return;
    void this.#turns.take(async () => {
      if (this.#held || this.#stale.size === 0) return;
      const stale = new Set(this.#stale);
      this.#stale.clear();
      const changed = [...this.#current.values()]
        .filter(({ base, model }) =>
          [...wishesOfPool(model).keys(), ...sourceKeysOf(base)].some(key => stale.has(key)),
        )
        .map(pool => this.#make(pool.base));
      await this.#take(changed);
    });
  }

  /**
   * Puts pools in the place of those that run, in all threads. Memory that fits is used on.
   *
   * @param areCommanded their members are to be told of even where the memory is the same
   */
  async #take(pools: readonly KeptPool[], areCommanded = false): Promise<void> {
    const changed = pools.filter(pool => pool.take() || areCommanded);
    this.#before = this.#current;
    this.#current = new Map([...this.#current, ...pools.map(pool => [pool.model.name, pool] as const)]);
    this.#check(pools, false);
    if (changed.length === 0) return;
    await this.#means.change(changed.map(pool => pool.share()));
    for (const pool of changed) pool.settle();
    await this.#means.settle();
  }

  /**
   * Gives a pool other members while it runs, and writes them into its state file.
   *
   * @throws {RangeError} when there is no such pool, or its members are in the configuration
   * @throws {Error} when the file cannot be written; then all stays as it is
   */
  replaceMembers(poolName: string, members: readonly MemberModel[]): Promise<void> {
    return this.#turns.take(async () => {
      const pool = this.#current.get(poolName);
      const path = pool?.model.statePath;
      if (!pool || path === undefined)
        throw new RangeError(`Cannot change the members of "${poolName}": it has no state file`);
      if (this.#held) throw new Error('Cannot change members while a configuration is being taken up');
      const model = { ...pool.base, members };
      await this.#names.want(wishesOfPool(model));
      await writeState(path, members);
      await this.#take([this.#make(model, true)]);
    });
  }

  /**
   * Does what an operator says of a member, in all threads and without a reload.
   *
   * @returns which members were meant, and all that is commanded now @throws {Error} when it cannot be done; then nothing has changed
   */
  order({ pool: name, member, order }: PoolOrder): Promise<{
    readonly done: readonly MemberTarget[];
    readonly overrides: readonly MemberOverride[];
  }> {
    return this.#turns.take(async () => {
      if (this.#held) throw new Error('a configuration is being taken up: try again');
      const pools = this.#meant(name, member);
      const { kept } = this.#overrides;
      const lined = pools.map(({ base }) => this.#discovery.with(base));
      const overrides = lined.reduce((all, model) => withMemberOrder(all, model, member, order), kept);
      const models = lined.map(model => withMemberOverrides(model, overrides));
      await this.#names.want(new Map(models.flatMap(model => [...wishesOfPool(model)])));
      this.#overrides = { kept: overrides, outdated: [] };
      await this.#take(
        pools.map(({ base }) => this.#make(base)),
        true,
      );
      this.#forgetNames();
      return { done: pools.map(({ base }) => ({ pool: base.name, member })), overrides };
    });
  }

  /** @throws {Error} when there is none */
  #meant(name: string | undefined, member: string): readonly KeptPool[] {
    const pools = [...this.#current.values()];
    if (name !== undefined) {
      const found = pools.filter(({ base }) => base.name.toLowerCase() === name.toLowerCase());
      if (found.length === 0) throw new Error(`there is no pool "${name}"`);
      return found;
    }
    const { kept } = this.#overrides;
    const found = pools.filter(
      ({ base }) =>
        this.#discovery.with(base).members.some(one => one.name === member) ||
        kept.some(one => one.pool === base.name && one.member === member),
    );
    if (found.length === 0) throw new Error(`no pool has a member ${member}`);
    return found;
  }

  /** Called once a thread runs no more. */
  threadDied(threadId: number, place: number): void {
    const pools = new Set([...this.#before.values(), ...this.#current.values()]);
    for (const pool of pools) pool.threadDied(ownerOf(threadId), place);
  }

  /** @param tableOf the memory of a zone */
  sessions(tableOf: (zone: string) => ZoneTable | undefined): PoolSessions[] {
    return [...this.#current.values()].flatMap(({ model }) => sessionsOf(model, tableOf) ?? []);
  }

  close(): void {
    this.#names.keepOnly(new Set());
    this.#discovery.keepOnly([]);
    this.#checker.keepOnly(new Set());
  }

  /** How things stand at all members. */
  snapshot(): PoolSnapshot[] {
    const nowMs = monotonicMs();
    const { kept } = this.#overrides;
    return [...this.#current.values()].map(({ base, peers, members }) => {
      const models = members.map(member => ({ model: member }));
      const snapshot = snapshotOf(base.name, peers, models, nowMs);
      if (base.discovery.length === 0) return withCommands(snapshot, base, kept);
      const found = { sources: this.#discovery.figures(base), namers: this.#discovery.namers(base) };
      return withSources(withCommands(snapshot, this.#discovery.with(base), kept), found);
    });
  }

  /** How the sources are doing that pools find members by. */
  sources(): PoolSources[] {
    return [...this.#current.values()]
      .filter(({ base }) => base.discovery.length > 0)
      .map(({ base }) => ({ pool: base.name, sources: this.#discovery.figures(base) }));
  }
}
