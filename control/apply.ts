/** Brings a configuration into force: all that it needs is prepared first, then everything changes together. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterPlane } from '#cluster';
import type { GslbPlane } from '#gslb';
import { AppendFiles } from '#kit/append-file.ts';
import type { Log } from '#kit/log.ts';
import { LogBook } from '#kit/log-book.ts';
import { L4Plane } from '#l4';
import { type Canary, type L7Plane, type ListeningSocket, type PlaneConfig, packConfig } from '#l7';
import type { Model } from '#model/main.ts';
import { openDatagrams } from '#native/datagram.ts';
import type { AcmeKeeper } from './acme/keeper.ts';
import { companyOf, ordersHere } from './acme/leader.ts';
import type { ApiPlane } from './api/plane.ts';
import { BanKeeper } from './ban/keeper.ts';
import type { WholeNode } from './canary/whole-node.ts';
import { CertificateHealth } from './certificate-health.ts';
import { ClusterHealth } from './cluster-health.ts';
import { diskNeedsOf } from './disk-needs.ts';
import { baseEnvironment } from './environment.ts';
import type { ConfigHistory } from './history/keeper.ts';
import type { Invocation } from './invocation.ts';
import { RouteKeeper } from './kubernetes/keeper.ts';
import { type Change, Listeners } from './listeners.ts';
import { LiveKeeper } from './live/keeper.ts';
import { LogFiles } from './log-files.ts';
import { TierMetrics } from './metrics/tiers.ts';
import { planeConfigOf } from './plane-config.ts';
import { FoundMembers } from './pool/kept-found.ts';
import { PoolOrders } from './pool/kept-orders.ts';
import { SourceFiles } from './pool/source-files.ts';
import { revisionOf } from './revision.ts';
import type { StatusReport } from './status/report.ts';
import { makeTempDirs } from './temp-dirs.ts';
import { EventKeeper } from './waf/event-keeper.ts';

/** As nginx: an address that a process on its way out still holds is tried again for a while. */
const BIND_TRIES = 5;
const BIND_PAUSE_MS = 500;

export class Applier {
  readonly plane: L7Plane;
  /** Of the l4 block; it has no process while there is none. */
  readonly l4: L4Plane;
  /** Of the cluster block; likewise. */
  readonly cluster: ClusterPlane;
  /** Of these two. */
  readonly metrics: TierMetrics;
  readonly listeners: Listeners;
  readonly #health: ClusterHealth;
  readonly invocation: Invocation;
  readonly #appended = new AppendFiles();
  readonly #logs: LogBook;
  readonly #files: LogFiles;
  #revision = 0;
  #appliedAtMs = 0;
  readonly #events = new EventKeeper();
  #api: ApiPlane | undefined;
  #gslb: GslbPlane | undefined;
  #acme: AcmeKeeper | undefined;
  /** What `moat status` is told; there is nobody to tell it before the start is over. */
  report: () => Promise<StatusReport> = () => Promise.reject(new Error('moat is starting'));
  /** Whether no other moat accepts on the same sockets: authorities might come to that one, and it would not know why. */
  isAlone: () => boolean = () => true;
  readonly bans: BanKeeper;
  /** Of these alerts are raised. */
  readonly certificates = new CertificateHealth(() => this.#acme);
  readonly #poolOrders: PoolOrders;
  readonly #found: FoundMembers;
  /** Routes by objects of Kubernetes. */
  readonly routes: RouteKeeper;
  /** As it was read, before commands and routes of objects. */
  #configured: Model | undefined;
  readonly #sourceFiles = new SourceFiles();
  /** Log level and firewall mode by command. */
  readonly live: LiveKeeper;
  /** The configuration in force, as the plane takes it. */
  #packed: Uint8Array | undefined;
  /** What a part of the traffic tries, and the log files of it. */
  #tried: { readonly canary: Canary; readonly logs: ReadonlySet<string> } | undefined;

  /** @param inherited sockets of the process that this one replaces */
  constructor(invocation: Invocation, plane: L7Plane, inherited: readonly ListeningSocket[]) {
    this.invocation = invocation;
    this.#logs = new LogBook({ origin: `${process.pid}#0`, files: this.#appended, datagrams: openDatagrams });
    this.#files = new LogFiles(this.#appended, `${invocation.prefix}logs`);
    this.listeners = new Listeners(inherited);
    this.plane = plane;
    plane.wafEvents = this.#events.add;
    this.l4 = new L4Plane(baseEnvironment());
    this.cluster = new ClusterPlane(baseEnvironment());
    this.#health = new ClusterHealth(this);
    this.metrics = new TierMetrics(this);
    plane.tierMetrics = () => this.metrics.text();
    this.bans = new BanKeeper(this);
    plane.bansChanged = this.bans.changed;
    this.#poolOrders = new PoolOrders(plane, invocation.file, () => this.log);
    this.#found = new FoundMembers(plane, invocation.file, () => this.log);
    this.routes = new RouteKeeper(plane, invocation.file, () => this.log);
    plane.readFile = this.#sourceFiles.read;
    this.live = new LiveKeeper(invocation, () => this.log);
  }

  /** The log of the process; another one after a configuration that names other files. */
  get log(): Log {
    return this.#logs.main;
  }

  /** The number of the configuration in force, 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** Of the apply() under way. */
  #missing: string[] = [];
  /** Its revisions, and the ways between them; the master has it from the start on. */
  history: ConfigHistory | undefined;

  /** The configuration files in force, by path; latin1. */
  texts: ReadonlyMap<string, string> = new Map();

  /** Where events of the WAF are kept; undefined: nowhere. */
  get wafEventsPath(): string | undefined {
    return this.#events.path;
  }

  /** Does something while nobody has the file of events open. */
  readonly withoutEvents = (work: () => void): void => {
    this.#events.close();
    work();
  };

  /** When it came into force, in ms since 1970. */
  get appliedAtMs(): number {
    return this.#appliedAtMs;
  }

  /** The first configuration: its logs are opened before all else, so that they tell what fails. @throws {Error} */
  async start(model: Model, texts: ReadonlyMap<string, string>): Promise<void> {
    const config = planeConfigOf(model, this.invocation);
    this.#files.commit(this.#files.prepare(diskNeedsOf(config).logs));
    this.#openLog(config);
    this.#poolOrders.begin();
    this.#found.begin();
    this.routes.begin();
    this.live.begin();
    for (let tries = 1; ; tries++) {
      try {
        return void (await this.apply(model, texts));
      } catch (fault) {
        if (!isAddressInUse(fault) || tries === BIND_TRIES) throw fault;
        this.log.emerg((fault as Error).message);
        await sleep(BIND_PAUSE_MS);
      }
    }
  }

  /** The HTTP API; undefined where no configuration has had one. */
  get api(): ApiPlane | undefined {
    return this.#api;
  }

  /** Certificates of authorities; undefined where no configuration has asked for any. */
  get acme(): AcmeKeeper | undefined {
    return this.#acme;
  }

  /** Has something to show for all of them; the code is loaded only where there are some. */
  async #prepareAcme({ acme }: Model): Promise<void> {
    if (acme && !this.#acme) {
      const { AcmeKeeper } = await import('./acme/keeper.ts');
      this.#acme = new AcmeKeeper({
        log: () => this.log,
        tell: news => this.plane.tellAcme(news),
        mayOrder: async () => this.isAlone() && ordersHere(this.cluster),
        say: notes => this.plane.sayAcme(notes),
        company: () => companyOf(this.cluster, this.plane),
      });
      const keeper = this.#acme;
      this.plane.acmeHeard = notes => void keeper.hear(notes);
    }
    await this.#acme?.prepare(acme);
  }

  /** GSLB; undefined where no configuration has had it. */
  get gslb(): GslbPlane | undefined {
    return this.#gslb;
  }

  /** Opens what a gslb block needs; its code is loaded only where there is one. @throws {Error} with the reason */
  async prepareGslb({ gslb, process }: Pick<Model, 'gslb' | 'process'>): Promise<void> {
    if (gslb && !this.#gslb) {
      const { GslbPlane } = await import('#gslb');
      this.#gslb = new GslbPlane(baseEnvironment());
      this.#gslb.log = this.#logs.main;
    }
    this.#gslb?.prepare(gslb, process.user);
  }

  /** Opens what an api block needs; its code is loaded only where there is one. @throws {Error} with the reason */
  async prepareApi({ api, process }: Pick<Model, 'api' | 'process'>): Promise<void> {
    if (api && !this.#api) {
      const { ApiPlane } = await import('./api/plane.ts');
      this.#api = new ApiPlane({ applier: this, invocation: this.invocation, report: () => this.report() });
    }
    this.#api?.prepare(api, process.user);
  }

  /**
   * Replaces the configuration in force.
   *
   * @returns what of it is not in force, for it comes when there is no way back any more
   * @throws {Error} with the reason; then nothing has changed
   */
  async apply(model: Model, texts: ReadonlyMap<string, string>): Promise<readonly string[]> {
    this.#missing = [];
    await this.cluster.prepare(model.cluster);
    try {
      await this.prepareApi(model);
      await this.#prepareAcme(model);
      await this.prepareGslb(model);
      await this.#applyTiers(model);
    } catch (fault) {
      this.#api?.abandon();
      this.#gslb?.abandon();
      await this.cluster.abandon();
      throw fault;
    }
    // Last: addresses are held when all is there that answers on them.
    await this.cluster
      .commit(model.cluster, revisionOf(model))
      .catch((fault: Error) => this.#miss(`the cluster block is not in force: ${fault.message}`));
    await this.#gslb
      ?.commit()
      .catch((fault: Error) => this.#miss(`the gslb block is not in force: ${fault.message}`));
    void this.#health.follow();
    this.#acme?.commit();
    await this.bans.follow(model.http);
    this.texts = texts;
    await this.#api?.commit();
    return this.#missing;
  }

  /** The http block in force once more, with the routes that objects have now: no file is read. @throws {Error} with the reason; then nothing has changed */
  async reroute(): Promise<void> {
    if (this.#configured) await this.#applyL7(this.#configured);
  }

  /** What is in force for the whole node, beside the L7 tier; undefined before the first configuration. */
  get wholeNode(): WholeNode | undefined {
    return this.#configured;
  }

  /**
   * Has a process of its own serve a configuration on `sockets`, beside what is in force. What other nodes share with this one is not its
   * matter: it would meet the other process there.
   *
   * @throws {Error} with the reason why it cannot serve
   */
  async tryOut(configured: Model, workers: number, sockets: readonly ListeningSocket[]): Promise<Canary> {
    const model = this.routes.apply(this.live.apply(configured));
    const whole = planeConfigOf(model, this.invocation);
    const config = { ...whole, process: { ...whole.process, workers }, sessionStore: undefined };
    const { logs, tempDirs } = diskNeedsOf(config);
    const files = this.#files.prepare(logs);
    this.#sourceFiles.tryOut(config.http);
    try {
      makeTempDirs(tempDirs, config.process.user);
      const input = { revision: this.#revision + 1, config: packConfig(config), sockets, files };
      const canary = await this.plane.tryOut(input, workers);
      this.#tried = { canary, logs };
      void canary.ended.then(() => this.#triedEnded(canary));
      return canary;
    } catch (fault) {
      this.#sourceFiles.tryOut(undefined);
      throw fault;
    } finally {
      this.#files.abandon(files); // the process has its own
    }
  }

  #triedEnded(canary: Canary): void {
    if (this.#tried?.canary !== canary) return;
    this.#tried = undefined;
    this.#sourceFiles.tryOut(undefined);
  }

  #miss(message: string): void {
    this.log.emerg(message);
    this.#missing.push(message);
  }

  /**
   * The l4 block comes into force between prepare and commit of the workers: a refusal of theirs never shows in the kernel.
   * One that is gone is taken out last, for there is no way back: flows end with it.
   */
  async #applyTiers(model: Model): Promise<void> {
    if (!model.l4) {
      await this.#applyL7(model);
      return this.#removeL4();
    }
    const { l4 } = model;
    let goBack: (() => Promise<void>) | undefined;
    try {
      await this.#applyL7(model, async () => {
        goBack = await this.l4.configure(l4);
      });
    } catch (fault) {
      const tell = (second: Error) =>
        this.log.emerg(`${second.message}: the l4 block before is not in force`);
      await goBack?.().catch(tell);
      throw fault;
    }
  }

  async #removeL4(): Promise<void> {
    try {
      await this.l4.remove();
    } catch (fault) {
      this.#miss(`${(fault as Error).message}: the l4 block before stays in force`);
    }
  }

  /** @param between when all workers have prepared: the last moment at which anything may refuse */
  async #applyL7(configured: Model, between?: () => Promise<void>): Promise<void> {
    const model = this.routes.apply(this.live.apply(configured));
    const config = planeConfigOf(model, this.invocation);
    const { logs, tempDirs } = diskNeedsOf(config);
    const files = this.#files.prepare(logs);
    try {
      makeTempDirs(tempDirs, config.process.user);
      const change = await this.listeners.prepare(config.http.listens, config.process.workers);
      await this.#change(config, change, files, between);
    } catch (fault) {
      this.#files.abandon(files);
      throw fault;
    }
    this.#files.commit(files);
    this.#openLog(config);
    this.#events.follow(model.http);
    this.#configured = configured;
    this.routes.commit();
    this.certificates.follow(model);
  }

  async #change(
    config: PlaneConfig,
    change: Change,
    files: ReadonlyMap<string, number>,
    between?: () => Promise<void>,
  ): Promise<void> {
    const revision = this.#revision + 1;
    const packed = packConfig(config);
    this.#sourceFiles.prepare(config.http);
    try {
      await this.plane.reconfigure({ revision, config: packed, sockets: change.sockets, files }, between);
    } catch (fault) {
      this.listeners.abandon(change);
      this.#sourceFiles.abandon();
      throw fault;
    }
    this.listeners.commit(change, config.http.listens);
    this.#sourceFiles.commit();
    this.#revision = revision;
    this.#appliedAtMs = Date.now();
    this.#packed = packed;
  }

  #openLog(config: PlaneConfig): void {
    this.#logs.replaceMain(config.errorLogs);
    this.plane.log = this.#logs.main;
    this.#events.log = this.#logs.main;
    this.bans.log = this.#logs.main;
    this.l4.log = this.#logs.main;
    this.cluster.log = this.#logs.main;
    if (this.#gslb) this.#gslb.log = this.#logs.main;
  }

  /** Starts the workers again on the configuration in force. @throws {Error} with the reason */
  async restart(): Promise<void> {
    if (!this.#packed) throw new Error('Cannot restart: no configuration is in force');
    const { sockets } = this.listeners;
    const files = this.#files.open;
    await this.plane.start({ revision: this.#revision, config: this.#packed, sockets, files });
  }

  /** Opens all log files anew: they were moved away. @throws {Error} with the reason; then the old ones stay */
  async rotate(): Promise<void> {
    const files = this.#files.reopened();
    await this.plane.rotate(files);
    this.#files.commit(files);
    await this.#rotateTried();
  }

  async #rotateTried(): Promise<void> {
    const { canary, logs } = this.#tried ?? {};
    if (!canary || !logs) return;
    const files = this.#files.prepare(logs);
    await canary.rotate(files).catch(() => {}); // it is gone: whoever watches it tells that
    this.#files.abandon(files);
  }
}

const isAddressInUse = (fault: unknown): boolean =>
  fault instanceof Error && (fault.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';
