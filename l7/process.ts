/** The L7 process: holds sockets and log files for its worker threads, gives root away, does what control asks. */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { AppendFiles } from '#kit/append-file.ts';
import { Line, type Said } from '#kit/line.ts';
import { LogBook } from '#kit/log-book.ts';
import type { KeptCapability, ProcessModel } from '#model/main.ts';
import { openDatagrams } from '#native/datagram.ts';
import { setFdLimit, setUser } from '#native/identity.ts';
import { closeFd, receiveFds } from '#native/socket.ts';
import type { AcmeNews } from './acme/news.ts';
import { AcmeShelf } from './acme/shelf.ts';
import { BanDesk } from './ban/desk.ts';
import { Crew } from './crew.ts';
import type { Generation } from './generation.ts';
import { RouteBook } from './kubernetes/source.ts';
import {
  type PlaneConfig,
  type PlaneNews,
  type PlaneStatus,
  type PoolOrderDone,
  type Slot,
  slotId,
  type ToControl,
  type ToProcess,
} from './messages.ts';
import { type SpanCount, TRAFFIC_WISH, Traffic } from './metrics/traffic.ts';
import { reportOf, type TrafficReport } from './metrics/traffic-report.ts';
import { openConfig } from './parcel.ts';
import { SecretKeeper } from './secrets.ts';
import { placesFor, wishesOf } from './shared.ts';
import { AcmeShare } from './store/acme-share.ts';
import type { TicketClaim } from './store/records.ts';
import { SessionStore } from './store/session-store.ts';
import { sharedZones } from './store/shared-zones.ts';
import { SpanExporter } from './trace/exporter.ts';
import type { PoolOrder } from './upstream/member-order.ts';
import { type KeptOverrides, PoolSteward } from './upstream/steward.ts';
import type { ZoneDraft } from './zone/draft.ts';
import type { Seat } from './zone/kept.ts';
import { ownerOf } from './zone/lock.ts';
import { ZoneRegistry } from './zone/registry.ts';

/** Where plane.ts puts the socket that descriptors come over. */
export const DESCRIPTOR_FD = 4;
export const DESCRIPTORS_PER_MESSAGE = 250;
const UNPRIVILEGED_USER = 'nobody';
/** What the kernel allows any process at most. */
const MOST_FILES = '/proc/sys/fs/nr_open';

class PlaneProcess {
  readonly #sockets = new Map<string, number>();
  /** Paths that a configuration named since the last rotation: threads may still write to any of them. */
  readonly #files = new Map<string, number>();
  readonly #appended = new AppendFiles();
  readonly #logs = new LogBook({
    origin: `${process.pid}#0`,
    files: this.#appended,
    datagrams: openDatagrams,
  });
  readonly #crew = new Crew({
    log: () => this.#logs.main,
    socket: slot => this.#socket(slot),
    files: () => [...this.#files],
    places: () => this.#places,
    threadDied: async (threadId, place) => {
      this.#pools?.threadDied(threadId, place);
      await this.#zones?.threadDied(threadId, place);
    },
    tell: news => {
      if ('spans' in news) return this.#tracing.add(news.spans);
      if ('bans' in news) this.#store.bansChanged();
      control.tell(news);
    },
    askControl: () => control.ask({ kind: 'tier-metrics' }), // files are none of the threads' business
    giveUp: () => process.exit(1),
  });
  #current: Generation | undefined;
  #next: { readonly generation: Generation; readonly draft: ZoneDraft } | undefined;
  #zones: ZoneRegistry | undefined;
  #pools: PoolSteward | undefined;
  /** Control's, from the first configuration on. */
  #secrets: SecretKeeper | undefined;
  readonly #bans = new BanDesk(
    () => this.#current?.config.http.limitZones ?? [],
    name => this.#zones?.table(name),
  );
  readonly #store = new SessionStore({
    log: () => this.#logs.main,
    claim: () => this.#claim(),
    adopt: claim => this.#adoptTickets(claim),
  });
  /** Tells a collector of requests. */
  readonly #tracing = new SpanExporter({
    log: () => this.#logs.main,
    count: (what, n) => this.#count(what, n),
  });
  /** Follows objects of Kubernetes that are routes. */
  readonly #routes = new RouteBook({
    log: () => this.#logs.main,
    nowMs: Date.now,
    random: Math.random,
    read: (path, known) => control.ask({ kind: 'read-file', path, known }),
    tell: routes => control.tell({ routes }),
  });
  readonly #acme = new AcmeShelf();
  readonly #acmeNotes = new AcmeShare(notes => control.tell({ acme: notes }));
  #places = Number.POSITIVE_INFINITY;
  #settled = false;
  /** Kept of root, once the process is settled. */
  #capabilities: readonly KeptCapability[] = [];
  #draining = false;

  work(question: ToProcess): unknown {
    switch (question.kind) {
      case 'prepare':
        return this.#prepare(question);
      case 'commit':
        return this.#commit(question.revision);
      case 'abandon':
        return this.#abandon(question.revision);
      case 'bans':
        if (question.restore.length > 0) this.#store.bansChanged();
        return this.#bans.list(question.restore);
      case 'ban-order':
        this.#store.bansChanged();
        return this.#bans.obey(question.order);
      case 'pool-order':
        return this.#orderPool(question);
      case 'acme':
        return this.#takeAcme(question.fresh);
      case 'acme-notes':
        return this.#acmeNotes.say(question.notes);
      case 'rotate':
        return this.#rotate(question.files);
      case 'status':
        return this.#status();
      case 'sessions':
        return this.#pools?.sessions(name => this.#zones?.table(name)) ?? [];
      case 'sources':
        return this.#pools?.sources() ?? [];
      case 'store':
        return this.#store.figures();
      case 'retire':
        return this.#retire(question.accepts);
      case 'drain':
        return this.drain();
      case 'stop':
        return this.#stop();
    }
  }

  /** Loads the code of workers while control still reads the configuration. */
  warmUp(workers: number): void {
    flushCompileCache(); // this process ends without the ceremony in which Node would write it
    this.#crew.muster(workers).catch(() => {}); // a thread that dies is told of when it is buried, and needed again
  }

  /** Serves what is there, accepts nothing more, and ends. */
  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#store.close();
    this.#closeSockets([...this.#sockets.keys()]);
    await this.#crew.drain(this.#current?.config.process.shutdownTimeoutMs ?? 0);
    await this.#tracing.close();
    process.exit(0);
  }

  /** Before a drain: nobody is cut off who is about to ask once more. */
  #retire(accepts: boolean): Promise<void> {
    if (!accepts) this.#closeSockets([...this.#sockets.keys()]);
    return this.#crew.retire(accepts);
  }

  async #stop(): Promise<void> {
    this.#store.close();
    await this.#crew.close();
    process.exit(0);
  }

  async #prepare(question: Extract<ToProcess, { kind: 'prepare' }>): Promise<void> {
    const { revision, config: packed, slots, newSlots, newFiles } = question;
    const descriptors = receive(newSlots.length + newFiles.length);
    for (const slot of newSlots) this.#sockets.set(slotId(slot), descriptors.shift()!);
    this.#takeFiles(newFiles, descriptors);
    const bytes = new SharedArrayBuffer(packed.length);
    new Uint8Array(bytes).set(packed);
    const config = openConfig(new Uint8Array(bytes));
    this.#refuseLost(config);
    if (!this.#settled) await this.#settleIn(config);
    const secrets = (this.#secrets ??= new SecretKeeper(question.secrets));
    this.#acme.take(question.acme);
    this.#acmeNotes.say(question.acmeNotes);
    const draft = this.#draftZones(config);
    const pools = (this.#pools ??= this.#openPools());
    await pools.prepare(config.http, config.impliedPools, question.commanded, question.found);
    const generation = {
      revision,
      config,
      bytes,
      slots,
      zones: draft.share(),
      pools: () => ({ shares: pools.shares(), secret: secrets.now().sticky }),
      tickets: () => secrets.now().tickets,
      acme: () => this.#acme.all(),
    };
    this.#next = { generation, draft };
    await this.#crew.prepare(generation);
  }

  /** What is done once: limits, the log, and the user that the process goes on as. */
  async #settleIn(config: PlaneConfig): Promise<void> {
    this.#settled = true;
    this.#logs.replaceMain(config.errorLogs);
    Object.assign(process.env, config.env);
    const { fileLimit, user, workers, capabilities } = config.process;
    this.#capabilities = capabilities;
    await this.#crew.muster(workers); // their code may lie where only root reads
    if (fileLimit !== undefined) this.#limitFiles(fileLimit * workers);
    if (process.getuid?.() !== 0) return;
    if (capabilities.length === 0) return becomeUser(user, []);
    await this.#crew.keepCapabilities(capabilities, () => becomeUser(user, capabilities));
  }

  /** What was given away with root does not come back. */
  #refuseLost({ process: { capabilities } }: PlaneConfig): void {
    const lost = capabilities.filter(name => !this.#capabilities.includes(name));
    if (lost.length === 0 || !this.#settled || process.getuid?.() === 0) return;
    throw new Error(
      'proxy_bind ... transparent: the running process gave up what it needs when it started, start moat anew (USR2 loses no connection)',
    );
  }

  /** The configuration tells what one worker may have; here all are one process. */
  #limitFiles(limit: number): void {
    try {
      setFdLimit(Math.min(limit, Number(readFileSync(MOST_FILES, 'latin1'))));
    } catch (fault) {
      this.#logs.main.alert(`worker_rlimit_nofile: ${(fault as Error).message}`);
    }
  }

  #openZones(places: number): ZoneRegistry {
    this.#places = places;
    return new ZoneRegistry(this.#seat(), message => this.#logs.main.warn(message));
  }

  #openPools(): PoolSteward {
    return new PoolSteward({
      seat: this.#seat(),
      log: () => this.#logs.main,
      change: shares => this.#crew.changePools(shares),
      settle: () => this.#crew.settlePools(),
      readFile: (path, known) => control.ask({ kind: 'read-file', path, known }),
      keepFound: found => control.tell({ found }),
    });
  }

  #seat(): Seat {
    return { slots: this.#places + 1, slot: 0, owner: ownerOf(0) };
  }

  #draftZones({ http, process: { workers } }: PlaneConfig): ZoneDraft {
    this.#zones ??= this.#openZones(placesFor(workers));
    const draft = this.#zones.draft();
    for (const wish of wishesOf(http)) draft.ask(wish);
    return draft;
  }

  async #commit(revision: number): Promise<KeptOverrides | undefined> {
    const next = this.#next;
    const zones = this.#zones;
    if (!zones || next?.generation.revision !== revision)
      throw new Error(`Cannot commit revision ${revision}: it is not prepared`);
    this.#next = undefined;
    const reload = zones.commit(next.draft);
    const overrides = this.#pools?.commit();
    this.#current = { ...next.generation, zones: zones.share() };
    this.#logs.replaceMain(this.#current.config.errorLogs);
    this.#closeUnwanted(); // before the workers do: what waits in a queue is accepted by the last holder
    await this.#crew.commit(this.#current);
    zones.settle();
    await this.#pools?.settle();
    this.#tracing.follow(this.#current.config.http.traceExporter, this.#current.config.process.workers);
    this.#followStore(this.#current);
    this.#routes.follow(this.#current.config.http.kubernetes);
    zones.release(reload - 1); // one reload back is kept, for requests that began before it
    return overrides;
  }

  #orderPool({ pool, member, order }: PoolOrder): Promise<PoolOrderDone> {
    if (!this.#pools) throw new Error('no configuration is in force yet');
    return this.#pools.order({ pool, member, order });
  }

  #followStore({ config, zones }: Generation): void {
    const shared = sharedZones(config.http, zones, this.#seat().owner, bans => control.tell({ bans }));
    const notes = config.http.answersAcme ? [this.#acmeNotes] : [];
    this.#store.follow(config.sessionStore, [...shared, ...notes]);
  }

  #claim(): TicketClaim {
    const { tickets, ticketsBornMs } = (this.#secrets ??= new SecretKeeper()).now();
    return { bornMs: ticketsBornMs, seed: tickets };
  }

  /** Threads that come later begin with them; control keeps them for the next process. */
  #adoptTickets({ seed, bornMs }: TicketClaim): void {
    const secrets = this.#secrets;
    if (!secrets) return;
    secrets.adopt(seed, bornMs);
    control.tell({ secrets: secrets.now() });
    void this.#crew.adoptTickets(seed);
    this.#logs.main.notice('session store: the keys of session tickets are those of another node');
  }

  #takeAcme(news: AcmeNews): Promise<void> {
    this.#acme.take(news);
    return this.#crew.tellAcme(news);
  }

  async #abandon(revision: number): Promise<void> {
    this.#next = undefined;
    this.#pools?.abandon();
    this.#closeUnwanted();
    await this.#crew.abandon(revision);
  }

  async #rotate(paths: readonly string[]): Promise<void> {
    const old = new Map(this.#files);
    this.#files.clear();
    const gone = [...old.keys()].filter(path => !paths.includes(path));
    this.#takeFiles(paths, receive(paths.length));
    for (const path of gone) this.#appended.drop(path);
    await this.#crew.rotate([...this.#files], gone);
    for (const fd of old.values()) closeFd(fd);
  }

  async #status(): Promise<PlaneStatus> {
    return {
      pid: process.pid,
      revision: this.#current?.revision ?? 0,
      uptimeMs: Math.round(process.uptime() * 1000),
      memoryBytes: process.memoryUsage.rss(),
      traffic: this.#traffic(),
      workers: await this.#crew.status(),
      pools: this.#pools?.snapshot() ?? [],
      sessionStore: this.#store.figures(),
    };
  }

  #count(what: SpanCount, n: number): void {
    const counters = this.#zones?.counters(TRAFFIC_WISH.name);
    if (counters) new Traffic(counters).spans(what, n);
  }

  #traffic(): TrafficReport | undefined {
    const counters = this.#zones?.counters(TRAFFIC_WISH.name);
    return counters && reportOf(new Traffic(counters));
  }

  #takeFiles(paths: readonly string[], descriptors: readonly number[]): void {
    paths.forEach((path, i) => {
      this.#files.set(path, descriptors[i]!);
    });
    this.#appended.give(this.#files);
  }

  #socket(slot: Slot): number {
    const fd = this.#sockets.get(slotId(slot));
    if (fd === undefined)
      throw new Error(`Cannot serve ${slot.key}: control sent no socket for slot ${slot.slot}`);
    return fd;
  }

  /** Closes our copies of sockets that the configuration in force does not want. */
  #closeUnwanted(): void {
    const wanted = new Set(this.#current?.slots.map(slotId));
    this.#closeSockets([...this.#sockets.keys()].filter(id => !wanted.has(id)));
  }

  #closeSockets(ids: readonly string[]): void {
    for (const id of ids) {
      closeFd(this.#sockets.get(id)!);
      this.#sockets.delete(id);
    }
  }
}

function becomeUser(user: ProcessModel['user'], keepCapabilities: readonly KeptCapability[]): void {
  if (user) setUser(user.name, user.group, { keepCapabilities });
  else setUser(UNPRIVILEGED_USER, undefined, { keepCapabilities });
}

function receive(count: number): number[] {
  const descriptors: number[] = [];
  while (descriptors.length < count) {
    const message = receiveFds(DESCRIPTOR_FD, DESCRIPTORS_PER_MESSAGE);
    if (!message) throw new Error('Cannot receive descriptors: control has gone');
    descriptors.push(...message.fds);
  }
  return descriptors;
}

const control = new Line<ToControl, PlaneNews>(message => process.send?.(message));
const plane = new PlaneProcess();
plane.warmUp(Number(process.argv[2] ?? 1));
process.on('message', (message: Said<ToProcess>) => control.take(message, question => plane.work(question)));
process.on('disconnect', () => plane.drain()); // control has died: its successor needs the ports
// A terminal sends these to the whole group; control hears them too and tells what to do.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const)
  process.on(signal, () => {});
process.on('SIGQUIT', () => plane.drain());
