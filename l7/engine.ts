/** One worker: its listeners, its connections, and the tables that new requests are served by. */
import { threadId } from 'node:worker_threads';
import type { AppendFiles } from '#kit/append-file.ts';
import type { HttpModel } from '#model/l7/http.ts';
import type { ErrorLog } from '#model/l7/log.ts';
import { StreamLoop } from '#native/stream.ts';
import type { AcmeNews } from './acme/news.ts';
import { AcmeShelf } from './acme/shelf.ts';
import { AloneState } from './alone.ts';
import { Passwords } from './auth/passwords.ts';
import { UserFiles } from './auth/user-files.ts';
import { BatchClock } from './clock.ts';
import { compileTables } from './compile.ts';
import { Crowd } from './crowd.ts';
import { FIELD_NAMES } from './field-names.ts';
import { Listener } from './listen.ts';
import { ErrorLogger, type ErrorSink } from './log/error.ts';
import { LogFiles } from './log/files.ts';
import { LoopWatch } from './metrics/loop-watch.ts';
import { TierMetrics } from './metrics/tier-metrics.ts';
import type { Traffic } from './metrics/traffic.ts';
import type { Observer } from './observer.ts';
import type { SharedState } from './shared.ts';
import type { Tables } from './tables.ts';
import { ClientOcsp } from './tls/client-ocsp.ts';
import { HTTP1_NAMES, SecureContexts } from './tls/context.ts';
import { hasNamed, NamedCertificates } from './tls/named-certificates.ts';
import { askResponder, type OcspMeans } from './tls/ocsp-responder.ts';
import { newTicketSeed, TicketRing, type TicketSeed } from './tls/ticket-keys.ts';
import { type SpanBatch, SpanQueue } from './trace/span-queue.ts';
import type { PoolShare } from './upstream/pool-share.ts';
import { PoolViews, type Seat } from './upstream/pool-views.ts';
import { UpstreamRealms } from './upstream/tls.ts';
import { BlockLists } from './waf/block-lists.ts';
import { EventQueue, type WafEventBatch } from './waf/event-queue.ts';
import { RuleShelf } from './waf/rule-shelf.ts';
import type { Worker } from './worker.ts';
import { ownerOf } from './zone/lock.ts';

const FILE_BYTES = 131_072;

export type FromWorker = { readonly type: 'fault'; readonly message: string };

export interface EngineOptions {
  readonly workerId: number;
  readonly report: (message: FromWorker) => void;
  readonly errorSink: ErrorSink;
  readonly errorLogs: readonly ErrorLog[];
  /** Log files whose descriptors the process was given. */
  readonly files?: AppendFiles;
  /** Its place in shared memory; 1 unless told. */
  readonly place?: number;
  /** The same for all workers; absent for one that is alone. */
  readonly ticketSeed?: TicketSeed;
  /** For `moat explain`: content is told of, not run. */
  readonly observer?: Observer;
  /** Told of what the WAF found. */
  readonly wafEvents?: (batch: WafEventBatch) => void;
  /** Told of requests with otel_trace. */
  readonly spans?: (batch: SpanBatch) => void;
  /** Somebody was banned. */
  readonly bansChanged?: () => void;
  /** Asks control for the metrics of the other tiers. */
  readonly tierMetrics?: () => Promise<string>;
}

/** A client's connection, as far as the engine minds it. */
export interface OpenConnection {
  /** Between requests: such connections are closed first when moat stops. */
  readonly idle: boolean;
  /** moat is stopping: end as soon as nothing is cut off. */
  drain(): void;
  destroy(): void;
}

export interface EngineStatus {
  readonly revision: number;
  readonly connections: number;
  readonly idle: number;
  readonly accepted: number;
  readonly requests: number;
}

export class Engine implements Worker {
  readonly id: number;
  readonly observer: Observer | undefined;
  readonly seat: Seat;
  readonly clock = new BatchClock();
  readonly streams = new StreamLoop(this.clock, FIELD_NAMES);
  readonly fileBuffer = Buffer.allocUnsafeSlow(FILE_BYTES);
  readonly logFiles: LogFiles;
  readonly userFiles = new UserFiles();
  readonly ruleShelf = new RuleShelf();
  readonly blockLists: BlockLists;
  readonly wafEvents: EventQueue;
  readonly spans: SpanQueue;
  readonly bansChanged: () => void;
  readonly tierMetrics: TierMetrics;
  readonly passwords = new Passwords();
  readonly acme = new AcmeShelf();
  readonly secureContexts: SecureContexts;
  readonly namedCertificates: NamedCertificates;
  readonly clientOcsp: ClientOcsp;
  readonly upstreamRealms = new UpstreamRealms(() => this.clock.nowMs());
  readonly errorSink: ErrorSink;
  errorLogs: readonly ErrorLog[];
  readonly report: (message: FromWorker) => void;
  readonly #alone: AloneState;
  readonly #views: PoolViews;
  readonly #loop = new LoopWatch();
  readonly #tickets: TicketRing;
  readonly #crowd = new Crowd();
  /** How many connections, to clients and to servers, it may have. */
  connectionsMost = Number.POSITIVE_INFINITY;
  draining = false;
  tables!: Tables;
  readonly #prepared = new Map<number, Tables>();
  readonly #listeners = new Map<string, Listener[]>();
  readonly #connections = new Set<OpenConnection>();
  #drained: (() => void) | undefined;
  #lastConnectionId = 0;

  constructor(options: EngineOptions) {
    this.id = options.workerId;
    this.observer = options.observer;
    this.blockLists = new BlockLists(options.observer === undefined);
    this.report = options.report;
    this.errorSink = options.errorSink;
    this.wafEvents = new EventQueue(options.wafEvents ?? (() => {}));
    this.spans = new SpanQueue(options.spans ?? (() => {}));
    this.bansChanged = options.bansChanged ?? (() => {});
    this.tierMetrics = new TierMetrics(options.tierMetrics ?? (() => Promise.resolve('')));
    this.logFiles = new LogFiles(options.files);
    this.errorLogs = options.errorLogs;
    this.seat = { slot: options.place ?? 1, owner: ownerOf(threadId) };
    this.#alone = new AloneState(this.seat.owner);
    this.#views = new PoolViews(this.seat);
    this.#tickets = new TicketRing(options.ticketSeed ?? newTicketSeed());
    const means = this.#ocspMeans();
    this.secureContexts = new SecureContexts(this.#tickets, means, this.acme);
    this.clientOcsp = new ClientOcsp(means);
    this.namedCertificates = new NamedCertificates(this.secureContexts, () => this.clock.nowMs());
  }

  /**
   * Builds the tables of a revision.
   *
   * @param shared what it shares with other threads; absent: nothing
   * @throws {Error} when it can not; the running ones stay
   */
  prepare(revision: number, model: HttpModel, shared: SharedState = this.#alone.of(model)): void {
    const tables = compileTables(revision, model, this, shared, this.#views);
    this.secureContexts.turnOver();
    if (!this.observer) this.#prepareTls(model, tables);
    this.#prepared.set(revision, tables);
  }

  /** Goes on with the ticket keys of another moat. */
  adoptTickets(seed: TicketSeed): void {
    this.#tickets.adopt(seed);
  }

  /** Handshakes from here on show what is new. */
  takeAcme(news: AcmeNews): void {
    this.acme.take(news);
  }

  #ocspMeans(): OcspMeans {
    const { resolvers } = this.#views;
    return {
      ask: askResponder,
      resolverOf: resolver => resolver && resolvers.with(resolver.settings, resolver.timeoutMs),
      nowMs: Date.now,
    };
  }

  /** What each TLS listener shows when nobody else is named must be there; the rest is made when first asked for. */
  #prepareTls(model: HttpModel, tables: Tables): void {
    for (const [key, { tls }] of Object.entries(model.listens)) {
      const server = tls ? tables.listeners.get(key)?.default : undefined;
      const shown = server?.model.tls;
      if (server && shown && !shown.rejectHandshake && !hasNamed(shown))
        this.secureContexts.of(server, shown, HTTP1_NAMES);
    }
  }

  /** Members of pools have come or gone while the configuration is the same. */
  changePools(shares: readonly PoolShare[]): void {
    for (const share of shares) this.tables.pools.change(share);
  }

  /** All threads have taken up what was committed or changed last. */
  settlePools(): void {
    this.#views.settle();
  }

  /** New requests see the prepared tables from here on; requests under way keep theirs. */
  commit(revision: number): void {
    const tables = this.#prepared.get(revision);
    if (!tables) throw new RangeError(`Cannot commit revision ${revision}: it is not prepared`);
    this.#prepared.clear();
    this.tables = tables;
    this.#loop.begin(tables.traffic);
    tables.pools.adopt();
    for (const [key, listeners] of this.#listeners)
      for (const listener of listeners) listener.model = tables.model.listens[key] ?? listener.model;
  }

  /** Accepts connections on a listening socket, which it owns from now on; one key may have several. */
  listen(key: string, fd: number): void {
    const model = this.tables.model.listens[key];
    if (!model) throw new RangeError(`Cannot listen on ${key}: it is not in the configuration`);
    const others = this.#listeners.get(key) ?? [];
    this.#listeners.set(key, [...others, new Listener(this, key, model, fd)]);
  }

  unlisten(key: string): void {
    for (const listener of this.#listeners.get(key) ?? []) listener.close();
    this.#listeners.delete(key);
  }

  /** Answers from here on are the last of their connections, where a client has to be told so: of HTTP/1. @param accepts new ones */
  retire(accepts: boolean): void {
    this.draining = true;
    if (!accepts) this.#unlistenAll();
  }

  #unlistenAll(): void {
    for (const key of [...this.#listeners.keys()]) this.unlisten(key);
  }

  /** Graceful end: no new connections, idle ones closed, requests under way finished. */
  drain(done: () => void): void {
    this.draining = true;
    this.#unlistenAll();
    this.#drained = done;
    for (const connection of this.#connections) connection.drain();
    this.#checkDrained();
  }

  /** Ends at once. */
  closeAll(): void {
    this.wafEvents.flush();
    this.spans.flush();
    this.#unlistenAll();
    for (const connection of this.#connections) connection.destroy();
    this.#views.closeIdle();
    this.#loop.end();
    this.logFiles.close();
  }

  /** @returns why some files could not be opened anew */
  reopenLogs(): Error[] {
    return this.logFiles.reopen();
  }

  status(): EngineStatus {
    let idle = 0;
    for (const connection of this.#connections) if (connection.idle) idle++;
    return {
      revision: this.tables.revision,
      connections: this.#connections.size,
      idle,
      accepted: this.traffic.ownAccepted,
      requests: this.traffic.ownRequests,
    };
  }

  nextConnectionId(): number {
    return ++this.#lastConnectionId;
  }

  /** Those whose connections are counted now. */
  get traffic(): Traffic {
    return this.tables.traffic;
  }

  /**
   * Whether a connection that was accepted just now may stay. Where it is one too many, some that wait for a request
   * give way to it, the oldest first.
   */
  hasRoom(): boolean {
    if (this.streams.connections <= this.connectionsMost) return true;
    if (this.#crowd.thin(this.#connections) > 0)
      this.#tellOfCrowd('warn', 'worker_connections are not enough, reusing connections');
    if (this.streams.connections <= this.connectionsMost) return true;
    this.#tellOfCrowd('alert', `${this.connectionsMost} worker_connections are not enough`);
    return false;
  }

  #tellOfCrowd(level: 'warn' | 'alert', message: string): void {
    if (this.#crowd.isNews(level, this.clock.nowMs()))
      new ErrorLogger(this.errorLogs, this.errorSink).writeAlone(level, message);
  }

  remember(connection: OpenConnection): void {
    this.#connections.add(connection);
    this.traffic.connections(1);
  }

  forget(connection: OpenConnection): void {
    if (this.#connections.delete(connection)) this.traffic.connections(-1);
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (!this.#drained || this.#connections.size > 0) return;
    const done = this.#drained;
    this.#drained = undefined;
    this.#views.closeIdle();
    this.#loop.end();
    this.logFiles.close();
    done();
  }
}
