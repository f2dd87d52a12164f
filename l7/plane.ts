/** The door of the L7 plane: control starts it, gives it configurations, and is spared its deaths. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#kit/log.ts';
import { RestartPauses } from '#kit/restart-pauses.ts';
import { Turns } from '#kit/turns.ts';
import type { AcmeNews } from './acme/news.ts';
import type { AcmeNote } from './acme/note.ts';
import { AcmeShelf } from './acme/shelf.ts';
import type { BanOrder, ZoneBans } from './ban/desk.ts';
import { Canary, type Knowledge, withoutFd } from './canary.ts';
import { Child, type Ending, howItEnded } from './child.ts';
import type { FileText } from './discovery/follow.ts';
import type { KeptSource } from './discovery/kept.ts';
import type { RouteNews } from './kubernetes/source.ts';
import {
  type PlaneNews,
  type PlaneStatus,
  type PoolOrderDone,
  type Slot,
  slotId,
  type ToControl,
} from './messages.ts';
import { SecretKeeper, type Secrets } from './secrets.ts';
import type { StoreFigures } from './store/figures.ts';
import type { MemberOverride, MemberTarget, PoolOrder } from './upstream/member-order.ts';
import type { PoolSources } from './upstream/pool-snapshot.ts';
import type { KeptOverrides } from './upstream/steward.ts';
import type { PoolSessions } from './upstream/sticky/count.ts';
import type { WafEventBatch } from './waf/event-queue.ts';

export type { AcmeAnswer, AcmeNews, IssuedPair } from './acme/news.ts';
export type { AcmeNote } from './acme/note.ts';
export type { BanOrder, ZoneBans } from './ban/desk.ts';
export type { Canary } from './canary.ts';
export type { FileText } from './discovery/follow.ts';
export { type KeptSource, keptSourcesOf } from './discovery/kept.ts';
export type { SourceFigures } from './discovery/source.ts';
export type { Step } from './explain.ts';
export { type Grafted, withRoutes } from './kubernetes/graft.ts';
export { readPlan } from './kubernetes/read-plan.ts';
export type { RouteNews } from './kubernetes/source.ts';
export type { PlaneConfig, PlaneStatus, Slot, WorkerStatus } from './messages.ts';
export type { TrafficReport } from './metrics/traffic-report.ts';
export { packConfig } from './parcel.ts';
export type { Secrets } from './secrets.ts';
export type { PeerFigures, PeersFigures, RedisFigures, StoreFigures } from './store/figures.ts';
export {
  type MemberOverride,
  type MemberSaid,
  type MemberTarget,
  MOST_OVERRIDES,
  memberOrderText,
  memberSaidText,
  type PoolOrder,
  withMemberOverrides,
} from './upstream/member-order.ts';
export type { MemberSnapshot, PoolSnapshot, PoolSources } from './upstream/pool-snapshot.ts';
export type { PoolSessions } from './upstream/sticky/count.ts';
export type { WafEventBatch } from './waf/event-queue.ts';
export type { Ban } from './zone/ban-zone.ts';

/** `explain` pulls in all of the tier, which control itself never runs: loaded only where it is asked for. */
export const loadExplain = () => import('./explain.ts');
export const loadWafTrial = () => import('./waf/trial.ts');

/** A socket that listens; control owns the descriptor. */
export type ListeningSocket = Slot & { readonly fd: number };

/** What the plane is to run on. Descriptors stay control's, and open for as long as they are named here. */
export interface PlaneInput {
  readonly revision: number;
  /** A PlaneConfig by packConfig(): smaller to keep than the model. */
  readonly config: Uint8Array;
  readonly sockets: readonly ListeningSocket[];
  /** Log files: path → descriptor. */
  readonly files: ReadonlyMap<string, number>;
}

/** A process that died is started anew after a growing pause. */
const PAUSE_MS = { first: 100, most: 5000 };
/** How long a process that was told to stop may take before it is killed. */
const STOP_PATIENCE_MS = 3000;

export class L7Plane {
  /** Tells of deaths and revivals. */
  log: Pick<Log, 'alert' | 'notice'> = { alert() {}, notice() {} };
  /** Told of what the WAF found, in batches. */
  wafEvents: (batch: WafEventBatch) => void = () => {};
  /** Told that bans have come, or may be gone: the process begins with none. */
  bansChanged: (how: 'changed' | 'lifted') => void = () => {};
  /** Told of what other nodes say about certificates of authorities. */
  acmeHeard: (notes: readonly AcmeNote[]) => void = () => {};
  /** What was commanded of members of pools: the first process begins with it. */
  commanded: readonly MemberOverride[] = [];
  /** Told when that is another: by command, or because lines say something new. */
  commandedChanged: (now: KeptOverrides) => void = () => {};
  /** Whom sources of members named last: the first process begins with it. */
  found: readonly KeptSource[] = [];
  /** Told when they name others. */
  foundChanged: (found: readonly KeptSource[]) => void = () => {};
  /** Told what objects of Kubernetes come to. */
  routesChanged: (news: RouteNews) => void = () => {};
  /** Reads a file for the process, which has no right to. @returns undefined when it is as `known` says @throws {Error} */
  readFile: (path: string, known: string | undefined) => Promise<FileText | undefined> = path =>
    Promise.reject(new Error(`nobody reads "${path}"`));
  /** Metrics of the other tiers, which pages of metrics show beside those of this one. */
  tierMetrics: () => Promise<string> = () => Promise.resolve('');
  readonly #env: NodeJS.ProcessEnv;
  readonly #secrets: SecretKeeper;
  readonly #turns = new Turns();
  #child: Child | undefined;
  #warm: Child | undefined;
  /** Runs another configuration for a while. */
  #canary: Canary | undefined;
  /** What the living process has descriptors of: slots by their id, files by their path. */
  #heldSlots = new Set<string>();
  #heldFiles = new Set<string>();
  /** Certificates of authorities, and answers to them. */
  readonly #acme = new AcmeShelf();
  /** What other nodes are told of them, by kind and id. */
  readonly #acmeNotes = new Map<string, AcmeNote>();
  #knowsAcme = false;
  /** What was applied last: a new process gets it. */
  #input: PlaneInput | undefined;
  readonly #pauses = new RestartPauses(PAUSE_MS);
  #ending = false;

  /**
   * @param env environment of the process
   * @param before secrets of a predecessor, so that its cookies and session tickets stay good
   */
  constructor(env: NodeJS.ProcessEnv, before?: Secrets) {
    this.#env = env;
    this.#secrets = new SecretKeeper(before);
  }

  /** For a successor. */
  get secrets(): Secrets {
    return this.#secrets.now();
  }

  /** Starts a process that nobody has work for yet: it and its `workers` load their code while the configuration is read. */
  warmUp(workers: number): void {
    this.#warm = new Child(this.#env, workers);
  }

  /** Undefined while no process lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process; resolves when all its workers listen. @throws {Error} with the reason when they do not */
  start(input: PlaneInput): Promise<void> {
    this.#ending = false;
    return this.#turns.take(() => this.#launch(input));
  }

  /**
   * Brings all workers to `input`.
   *
   * @param between is run, once, when all workers have prepared and none has committed; what it throws refuses the whole
   * @throws {Error} when a worker refuses; then all go on with what they had
   */
  reconfigure(input: PlaneInput, between: () => Promise<void> = async () => {}): Promise<void> {
    let ran: Promise<void> | undefined;
    const once = () => (ran ??= between());
    return this.#turns.take(async () => {
      const child = this.#child;
      if (!child) return this.#launch(input, once);
      try {
        await this.#apply(child, input, once);
      } catch (fault) {
        if (!(await child.isGone())) throw fault;
        await this.#launch(input, once); // it died, of the new configuration or before: a new one shows which
      }
    });
  }

  /** Has all workers write to new descriptors of the log files. */
  rotate(files: ReadonlyMap<string, number>): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#input) this.#input = { ...this.#input, files };
      if (!this.#child) return; // the next process starts with the new ones
      this.#child.give([...files.values()]);
      this.#heldFiles = new Set(files.keys());
      await this.#child.ask({ kind: 'rotate', files: [...files.keys()] });
    });
  }

  /** Undefined while the process is down. */
  async status(): Promise<PlaneStatus | undefined> {
    return this.#child?.ask<PlaneStatus>({ kind: 'status' }).catch(() => undefined);
  }

  /** How many sticky sessions members have; undefined while the process is down. */
  async sessions(): Promise<readonly PoolSessions[] | undefined> {
    return this.#child?.ask<readonly PoolSessions[]>({ kind: 'sessions' }).catch(() => undefined);
  }

  /** How what is shared with other moats stands; undefined when nothing is, or while the process is down. */
  async store(): Promise<StoreFigures | undefined> {
    return this.#child?.ask<StoreFigures | undefined>({ kind: 'store' }).catch(() => undefined);
  }

  /**
   * Has all workers show certificates that are new, and answer authorities, from the next handshake and request on: no connection is
   * touched. A process that is started later begins with them.
   */
  tellAcme(news: AcmeNews): Promise<void> {
    this.#acme.take(news);
    void this.#canary?.follow({ acme: news });
    return this.#turns.take(async () => {
      if (this.#knowsAcme) await this.#child?.ask({ kind: 'acme', fresh: news }).catch(() => {}); // its successor is told all
    });
  }

  /** Has other nodes of a session store hear notes; one of the same kind and id takes the place of another. */
  sayAcme(notes: readonly AcmeNote[]): void {
    for (const note of notes) this.#acmeNotes.set(`${note.kind} ${note.id}`, note);
    if (this.#knowsAcme) void this.#child?.ask({ kind: 'acme-notes', notes }).catch(() => {}); // its successor is told all
  }

  #hear(news: PlaneNews): void {
    if ('bans' in news) this.bansChanged(news.bans);
    else if ('acme' in news) this.acmeHeard(news.acme);
    else if ('secrets' in news) this.#secrets.adopt(news.secrets.tickets, news.secrets.ticketsBornMs);
    else if ('found' in news) this.#keepFound(news.found);
    else if ('routes' in news) this.routesChanged(news.routes);
    else if ('waf' in news) this.wafEvents(news.waf);
  }

  #keepFound(found: readonly KeptSource[]): void {
    this.found = found;
    this.foundChanged(found);
  }

  #answer(question: ToControl): unknown {
    if (question.kind === 'tier-metrics') return this.tierMetrics();
    return this.readFile(question.path, question.known);
  }

  /** How sources of members are doing; undefined while the process is down. */
  async sources(): Promise<readonly PoolSources[] | undefined> {
    return this.#child?.ask<readonly PoolSources[]>({ kind: 'sources' }).catch(() => undefined);
  }

  /**
   * @param restore put there before, where it is not
   * @returns what limit_ban remembers, by zone; undefined while the process is down
   */
  async bans(restore: readonly ZoneBans[] = []): Promise<readonly ZoneBans[] | undefined> {
    return this.#child?.ask<readonly ZoneBans[]>({ kind: 'bans', restore }).catch(() => undefined);
  }

  /** @returns how many zones it changed @throws {Error} with the reason */
  async orderBan(order: BanOrder): Promise<number> {
    if (!this.#child) throw new Error('the L7 process is down');
    void this.#canary?.follow({ ban: order });
    return this.#child.ask<number>({ kind: 'ban-order', order });
  }

  /**
   * Does what an operator says of a member of a pool.
   *
   * @returns which ones were meant @throws {Error} with the reason; then nothing has changed
   */
  orderPool(order: PoolOrder): Promise<readonly MemberTarget[]> {
    return this.#turns.take(async () => {
      if (!this.#child) throw new Error('the L7 process is down');
      const { done, overrides } = await this.#child.ask<PoolOrderDone>({ kind: 'pool-order', ...order });
      void this.#canary?.follow({ pool: order });
      this.#follow({ kept: overrides, outdated: [] });
      return done;
    });
  }

  #follow(overrides: KeptOverrides): void {
    const isSame = JSON.stringify(overrides.kept) === JSON.stringify(this.commanded);
    this.commanded = overrides.kept;
    if (!isSame) this.commandedChanged(overrides);
  }

  /**
   * Starts a process that runs `input` beside the one of what is in force, and knows what that one knows; whoever asks for it ends it.
   *
   * @throws {Error} with the reason why it cannot serve
   */
  async tryOut(input: PlaneInput, workers: number): Promise<Canary> {
    const canary = new Canary(this.#env, workers, {
      tell: news => 'waf' in news && this.wafEvents(news.waf),
      work: question => this.#answer(question),
    });
    await canary.begin(input, this.#knowledge(true), (await this.bans()) ?? []);
    this.#canary = canary;
    void canary.ended.then(() => {
      if (this.#canary === canary) this.#canary = undefined;
    });
    return canary;
  }

  /** Lets the workers finish what they serve; resolves when the process has ended. */
  drain(): Promise<void> {
    return this.#end('drain');
  }

  /** Ends the process at once. */
  async stop(): Promise<void> {
    const child = this.#child;
    const killer = setTimeout(() => child?.signal('SIGKILL'), STOP_PATIENCE_MS);
    await this.#end('stop');
    clearTimeout(killer);
  }

  async #end(kind: 'drain' | 'stop'): Promise<void> {
    this.#ending = true;
    this.#warm?.signal('SIGKILL');
    const child = this.#child;
    child?.ask({ kind }).catch(() => {}); // its end is the answer
    await Promise.all([child?.ended, kind === 'drain' ? this.#canary?.drain() : this.#canary?.end()]);
  }

  /** A new process on `input`; it does not outlive a failure. */
  async #launch(input: PlaneInput, between?: () => Promise<void>): Promise<void> {
    const child = this.#warm ?? new Child(this.#env);
    this.#warm = undefined;
    this.#child = child;
    child.tell = news => this.#hear(news);
    child.work = question => this.#answer(question);
    this.#heldSlots.clear();
    this.#heldFiles.clear();
    this.#knowsAcme = false;
    try {
      await this.#apply(child, input, between);
    } catch (fault) {
      this.#child = undefined;
      child.signal('SIGKILL');
      await child.ended;
      throw fault;
    }
    void child.ended.then(ending => this.#bury(child, ending));
  }

  async #apply(child: Child, input: PlaneInput, between?: () => Promise<void>): Promise<void> {
    const { revision, sockets } = input;
    try {
      await this.#prepare(child, input);
      await between?.();
    } catch (fault) {
      await child.ask({ kind: 'abandon', revision }).catch(() => {}); // it has died: nothing to abandon
      throw fault;
    }
    const overrides = await child.ask<KeptOverrides | undefined>({ kind: 'commit', revision });
    if (overrides) this.#follow(overrides);
    this.#heldSlots = new Set(sockets.map(slotId));
    this.#input = input;
    this.bansChanged('changed');
  }

  async #prepare(child: Child, { revision, config, sockets, files }: PlaneInput): Promise<void> {
    const newSlots = sockets.filter(socket => !this.#heldSlots.has(slotId(socket)));
    const newFiles = [...files].filter(([path]) => !this.#heldFiles.has(path));
    child.give([...newSlots.map(socket => socket.fd), ...newFiles.map(([, fd]) => fd)]);
    for (const [path] of newFiles) this.#heldFiles.add(path);
    const known = this.#knowledge(!this.#knowsAcme);
    this.#knowsAcme = true;
    await child.ask({
      kind: 'prepare',
      revision,
      config,
      slots: sockets.map(withoutFd),
      newSlots: newSlots.map(withoutFd),
      newFiles: newFiles.map(([path]) => path),
      ...known,
    });
  }

  /** What a process is told with a configuration. @param isNew it has never been told anything */
  #knowledge(isNew: boolean): Knowledge {
    return {
      secrets: this.secrets,
      commanded: this.commanded,
      acme: isNew ? this.#acme.all() : {},
      found: this.found,
      acmeNotes: isNew ? [...this.#acmeNotes.values()] : [],
    };
  }

  async #bury(child: Child, ending: Ending): Promise<void> {
    if (this.#child === child) this.#child = undefined;
    if (this.#ending) return;
    this.log.alert(`the L7 process ${child.pid} ${howItEnded(ending)}`);
    this.#pauses.died(performance.now() - child.startedAtMs);
    while (!this.#child && !this.#ending) {
      await sleep(this.#pauses.next());
      await this.#turns.take(() => this.#revive());
    }
  }

  async #revive(): Promise<void> {
    const input = this.#input;
    if (!input || this.#child || this.#ending) return;
    try {
      await this.#launch(input);
      this.log.notice(`the L7 process is started anew as ${this.pid}`);
    } catch (fault) {
      this.log.alert(`the L7 process cannot start anew: ${(fault as Error).message}`);
    }
  }
}
