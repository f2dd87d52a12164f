/** The control process at work: does what signals ask, and holds the pid file while it does. */
import type { ChildProcess } from 'node:child_process';
import type { GslbPlane } from '#gslb';
import type { Log } from '#kit/log.ts';
import { Turns } from '#kit/turns.ts';
import type { L7Plane, ListeningSocket } from '#l7';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { L4Model } from '#model/l4/l4.ts';
import type { Model } from '#model/main.ts';
import type { ApiPlane } from './api/plane.ts';
import { Applier } from './apply.ts';
import { lineOf } from './complaint.ts';
import type { ConfigHistory } from './history/keeper.ts';
import type { Invocation } from './invocation.ts';
import { PidFile } from './pid-file.ts';
import { ServiceManager } from './service-manager.ts';
import type { StatusService } from './status/service.ts';
import { startSuccessor } from './successor.ts';
import { loadWithRules } from './waf/load-rules.ts';

const BEGINNING = { who: 'start', why: 'start', message: '' } as const;

export class Master {
  /** Resolves with the exit code when the work is over. */
  readonly ended: Promise<number>;
  readonly #end: (code: number) => void;
  readonly #invocation: Invocation;
  readonly #applier: Applier;
  readonly #turns = new Turns();
  readonly #manager = new ServiceManager(process.env, () => !this.#hasPredecessor());
  #pidFile: PidFile | undefined;
  #status: StatusService | undefined;
  /** What the configuration says; the file may have another name while a successor runs. */
  #pidPath = '';
  #successor: ChildProcess | undefined;
  readonly #predecessor: number | undefined;
  #reloadWaits = false;
  #workersAreAway = false;
  #ending = false;
  /** The blocks that a successor serves. */
  #pausedL4: L4Model | undefined;
  #pausedCluster: ClusterModel | undefined;
  #pausedApi: Pick<NonNullable<ApiPlane['inForce']>, 'model' | 'user'> | undefined;
  #pausedGslb: GslbPlane['inForce'];

  /** @param inherited sockets that a predecessor left */
  constructor(invocation: Invocation, plane: L7Plane, inherited: readonly ListeningSocket[] | undefined) {
    this.#invocation = invocation;
    this.#applier = new Applier(invocation, plane, inherited ?? []);
    this.#applier.isAlone = () => !this.#sharesSockets();
    this.#predecessor = inherited && process.ppid;
    ({ promise: this.ended, resolve: this.#end } = Promise.withResolvers<number>());
  }

  /** Whether it was told to end. */
  get isEnding(): boolean {
    return this.#ending;
  }

  get log(): Log {
    return this.#applier.log;
  }

  #openHistory(History: typeof ConfigHistory): ConfigHistory {
    const applier = this.#applier;
    const history = new History({
      invocation: this.#invocation,
      log: () => applier.log,
      texts: () => applier.texts,
      bring: (model, texts) => this.#bring(model, texts),
      take: work => this.#turns.take(work),
      isShared: () => this.#sharesSockets(),
      revision: () => applier.revision,
      start: async (model, plan, overtaken) => {
        this.#refuseAway();
        const { startCanary } = await import('./canary/start.ts');
        return startCanary(applier, model, plan, overtaken);
      },
      told: ({ outcome, reason, ...rest }) => {
        const end = outcome === 'applied' ? { done: outcome } : { fault: `${outcome}: ${reason}` };
        applier.api?.record('config-canary', rest, end);
      },
    });
    applier.history = history;
    applier.live.hands = {
      texts: () => applier.texts,
      bring: (model, texts) => this.#bring(model, texts),
      take: work => this.#turns.take(work),
    };
    applier.routes.hands = {
      reroute: () => this.#turns.take(() => this.#reroute()),
    };
    return history;
  }

  /** @throws {Error} */
  #refuseAway(): void {
    if (this.#ending || this.#workersAreAway) throw new Error('the workers are away, or on their way');
  }

  async #reroute(): Promise<void> {
    this.#refuseAway();
    await this.#applier.reroute();
    this.#tellInForce();
  }

  async #bring(model: Model, texts: ReadonlyMap<string, string>): Promise<readonly string[]> {
    this.#refuseAway();
    const missing = await this.#apply(model, texts);
    this.#tellInForce();
    return missing;
  }

  #tellInForce(): void {
    this.#status?.reloaded(undefined);
    this.#sayInForce();
    this.log.notice(`configuration ${this.#applier.revision} is in force in all workers`);
  }

  /**
   * Brings the first configuration into force; the pid file is there when it resolves.
   *
   * @param recovered what was done about a change that was cut short
   * @throws {Error} with the reason
   */
  start(model: Model, texts: ReadonlyMap<string, string>, recovered?: string): Promise<void> {
    return this.#turns.take(async () => {
      const { pidPath } = model.process;
      this.#pidPath = pidPath;
      // They load while the workers do.
      const service = import('./status/service.ts');
      const keeper = import('./history/keeper.ts');
      await this.#applier.start(model, texts);
      const history = this.#openHistory((await keeper).ConfigHistory);
      this.#status = new (await service).StatusService(pidPath, this.#applier, this.#invocation);
      this.#pidFile = new PidFile(pidPath);
      this.#pidFile.write();
      history.began({
        ...BEGINNING,
        ...(recovered !== undefined && { why: 'unconfirmed', message: recovered }),
      });
      this.log.notice(`ready: process ${process.pid}, L7 process ${this.#applier.plane.pid}`);
      this.#sayInForce();
    });
  }

  #sayInForce(): void {
    this.#manager.ready(`configuration ${this.#applier.revision} is in force`);
  }

  /** HUP: reads the configuration again; a faulty one is told of and changes nothing. */
  async reload(): Promise<void> {
    if (this.#reloadWaits) return; // it will read what is there when its turn comes
    this.#reloadWaits = true;
    await this.#turns.take(async () => {
      this.#reloadWaits = false;
      if (this.#ending) return;
      if (this.#workersAreAway) await this.#bringWorkersBack();
      else await this.#reload();
    });
  }

  async #reload(): Promise<void> {
    this.log.notice('reconfiguring');
    this.#manager.reloading();
    const { model, diagnostics, texts } = loadWithRules(this.#invocation);
    for (const diagnostic of diagnostics)
      this.log.write(diagnostic.severity === 'error' ? 'emerg' : 'warn', lineOf(diagnostic));
    try {
      if (!model) throw new Error('the configuration is faulty');
      await this.#apply(model, texts);
      this.#applier.history?.note({ who: 'signal', why: 'reload', message: '' });
      this.#tellInForce();
    } catch (fault) {
      const { message } = fault as Error;
      this.#status?.reloaded(message);
      this.#manager.ready(`the last reload was refused: ${message}: the configuration in force stays`);
      this.log.emerg(`${message}: the configuration in force stays`);
    }
  }

  /** A pid file that cannot be written refuses the configuration as all else does, so it is written first. */
  async #apply(model: Model, texts: ReadonlyMap<string, string>): Promise<readonly string[]> {
    const path = model.process.pidPath;
    const moved = path === this.#pidPath || this.#sharesSockets() ? undefined : new PidFile(path);
    moved?.write();
    let missing: readonly string[];
    try {
      missing = await this.#applier.apply(this.#withoutPaused(model), texts);
    } catch (fault) {
      moved?.remove();
      throw fault;
    }
    if (moved) this.#adopt(moved);
    return missing;
  }

  #adopt(pidFile: PidFile): void {
    this.#pidFile?.remove();
    this.#pidFile = pidFile;
    this.#pidPath = pidFile.path;
    this.#status?.moveTo(pidFile.path);
  }

  /** USR1: the log files were moved away. */
  rotate(): Promise<void> {
    return this.#turns.take(async () => {
      this.log.notice('reopening logs');
      await this.#applier
        .rotate()
        .catch(fault => this.log.emerg(`${fault.message}: the old log files stay open`));
    });
  }

  /** QUIT: finishes what is being served. */
  async drain(): Promise<void> {
    await this.#turns.take(() => this.#leave('gracefully shutting down', () => this.#applier.plane.drain()));
  }

  /** TERM, INT: ends at once, even in the middle of a reload or while it drains. */
  stop(): Promise<void> {
    return this.#leave('exiting', () => this.#applier.plane.stop());
  }

  /** WINCH: the workers finish and go, control keeps the sockets; HUP brings new ones. */
  sendWorkersAway(): Promise<void> {
    return this.#turns.take(async () => {
      void this.#applier.history?.canary.stop('the workers are sent away');
      this.log.notice('gracefully shutting down the workers');
      this.#workersAreAway = true;
      await this.#applier.plane.drain();
    });
  }

  /** USR2: starts the program that stands in our place now, on the same sockets. */
  upgrade(): Promise<void> {
    return this.#turns.take(async () => {
      const path = this.#pidFile?.path;
      if (path === undefined || this.#sharesSockets())
        return this.log.crit('the signal to upgrade is ignored: end the old or the new process first');
      void this.#applier.history?.canary.stop('another process of moat is taking over');
      this.log.notice('starting the new program');
      this.#renameAll(`${path}.oldbin`);
      await this.#pauseForwarding();
      const successor = startSuccessor({
        sockets: this.#applier.listeners.sockets,
        secrets: this.#applier.plane.secrets,
      });
      this.#successor = successor;
      successor.once('error', fault => this.#buried(path, fault.message));
      successor.once('exit', (code, signal) =>
        this.#buried(path, `it ended with ${signal ?? `code ${code}`}`),
      );
    });
  }

  /** The successor is gone: this process is again the only one. */
  #buried(path: string, how: string): Promise<void> {
    this.#successor = undefined;
    return this.#turns.take(async () => {
      if (this.#ending) return;
      this.log.alert(`the new program is gone: ${how}`);
      this.#renameAll(path);
      await this.#resumeForwarding();
      if (this.#workersAreAway) await this.#bringWorkersBack();
    });
  }

  /** Two processes must not write the same maps: the successor adopts them, and the kernel forwards meanwhile. */
  async #pauseForwarding(): Promise<void> {
    this.#applier.acme?.pause(true);
    this.#pausedL4 = this.#applier.l4.model;
    this.#pausedCluster = this.#applier.cluster.model;
    this.#pausedApi = this.#applier.api?.inForce;
    this.#pausedGslb = this.#applier.gslb?.inForce;
    await Promise.all([
      this.#applier.l4.handOver(),
      this.#applier.cluster.leave(),
      this.#applier.api?.close(),
      this.#applier.gslb?.close(),
    ]);
  }

  /** While a successor has the maps, an l4 block waits for the end of that one, and so do the API and GSLB. */
  #withoutPaused(model: Model): Model {
    if (!this.#pausedL4 && !this.#pausedApi && !this.#pausedGslb) return model;
    const { l4, api, gslb } = model;
    if (this.#pausedGslb && gslb) this.#pausedGslb = { model: gslb, user: model.process.user };
    if (this.#pausedL4 && l4) this.#pausedL4 = l4;
    if (this.#pausedApi && api) this.#pausedApi = { model: api, user: model.process.user };
    return {
      ...model,
      l4: this.#pausedL4 ? undefined : l4,
      api: this.#pausedApi ? undefined : api,
      gslb: this.#pausedGslb ? undefined : gslb,
    };
  }

  async #resumeForwarding(): Promise<void> {
    this.#applier.acme?.pause(false);
    const model = this.#pausedL4;
    this.#pausedL4 = undefined;
    if (model) await this.#applier.l4.configure(model).catch((fault: Error) => this.log.emerg(fault.message));
    const cluster = this.#pausedCluster;
    this.#pausedCluster = undefined;
    if (cluster) await this.#applier.cluster.commit(cluster).catch(fault => this.log.emerg(fault.message));
    await this.#resumeApi().catch((fault: Error) => this.log.emerg(fault.message));
    await this.#resumeGslb().catch((fault: Error) => this.log.emerg(fault.message));
  }

  async #resumeGslb(): Promise<void> {
    const { model, user } = this.#pausedGslb ?? {};
    this.#pausedGslb = undefined;
    if (!model) return;
    this.#applier.gslb?.prepare(model, user);
    await this.#applier.gslb?.commit();
  }

  async #resumeApi(): Promise<void> {
    const { model, user } = this.#pausedApi ?? {};
    this.#pausedApi = undefined;
    if (!model) return;
    this.#applier.api?.prepare(model, user);
    await this.#applier.api?.commit();
  }

  #renameAll(pidPath: string): void {
    this.#pidFile?.rename(pidPath);
    this.#status?.moveTo(pidPath);
  }

  async #bringWorkersBack(): Promise<void> {
    this.log.notice('starting the workers again');
    try {
      await this.#applier.restart();
      this.#workersAreAway = false;
    } catch (fault) {
      this.log.emerg(`the workers cannot start: ${(fault as Error).message}`);
    }
  }

  async #leave(saying: string, endWorkers: () => Promise<void>): Promise<void> {
    this.log.notice(saying);
    if (this.#ending) return endWorkers(); // who came first does the rest
    this.#ending = true;
    this.#applier.history?.canary.close();
    if (this.#successor?.pid === undefined) this.#manager.stopping();
    else this.#manager.isReplacedBy(this.#successor.pid);
    this.#applier.listeners.close({ keepFiles: this.#sharesSockets() });
    await this.#applier.cluster.stop(); // first, so that another node has the addresses while connections end here
    this.#applier.acme?.close();
    await this.#applier.bans.close(); // what the workers remember goes with them
    await Promise.all([endWorkers(), this.#applier.l4.stop()]);
    await this.#applier.api?.close();
    await this.#applier.gslb?.close();
    this.#status?.close();
    this.#applier.history?.close();
    this.#pidFile?.remove();
    await this.#manager.said();
    this.log.notice('exit');
    this.#end(0);
  }

  /** Whether another control process serves on our sockets: the successor, or the predecessor, whose child this one is. */
  #sharesSockets(): boolean {
    return this.#successor !== undefined || this.#hasPredecessor();
  }

  #hasPredecessor(): boolean {
    return this.#predecessor !== undefined && process.ppid === this.#predecessor;
  }
}
