/** A worker thread: one engine, and the ear for what the process asks of it. */
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { AppendFiles } from '#kit/append-file.ts';
import { Line, type Said } from '#kit/line.ts';
import { LogBook } from '#kit/log-book.ts';
import { addon } from '#native/addon.ts';
import { openDatagrams } from '#native/datagram.ts';
import { holdCapabilities, takeCapabilities } from '#native/identity.ts';
import { Engine } from './engine.ts';
import type { PlaneConfig, PlaneNews, ToControl, ToWorker, WorkerStatus } from './messages.ts';
import { openConfig } from './parcel.ts';
import type { TicketSeed } from './tls/ticket-keys.ts';

/** What a thread is started with. */
export interface ThreadOptions {
  readonly workerId: number;
  /** Its place in shared memory. */
  readonly place: number;
  /** Times this worker died before. */
  readonly restarts: number;
}

/** What needs root where the code lies below `/root`: from the next step on this process is somebody else. */
function loadAll(): void {
  addon();
  flushCompileCache();
}

class Thread {
  readonly #options: ThreadOptions;
  readonly #files = new AppendFiles();
  readonly #logs: LogBook;
  #engine: Engine | undefined;
  #prepared: { readonly revision: number; readonly config: PlaneConfig } | undefined;
  #revision = 0;

  constructor(options: ThreadOptions) {
    this.#options = options;
    const origin = `${process.pid}#${options.workerId + 1}`; // #0 is the process itself
    this.#logs = new LogBook({ origin, files: this.#files, datagrams: openDatagrams });
  }

  work(question: ToWorker): unknown {
    switch (question.kind) {
      case 'hello':
        return loadAll();
      case 'hold-capabilities':
        return holdCapabilities();
      case 'take-capabilities':
        return takeCapabilities(question.names);
      case 'prepare':
        return this.#prepare(question);
      case 'commit':
        return this.#commit(question);
      case 'abandon':
        this.#prepared = undefined;
        return undefined;
      case 'change-pools':
        return this.#engine?.changePools(question.shares);
      case 'settle-pools':
        return this.#engine?.settlePools();
      case 'adopt-tickets':
        return this.#engine?.adoptTickets(question.seed);
      case 'acme':
        return this.#engine?.takeAcme(question.fresh);
      case 'rotate':
        return this.#rotate(question);
      case 'status':
        return this.#status();
      case 'retire':
        return this.#engine?.retire(question.accepts);
      case 'drain':
        return new Promise<void>(done => (this.#engine ? this.#engine.drain(done) : done()));
      case 'close':
        return this.#engine?.closeAll();
    }
  }

  #prepare(question: Extract<ToWorker, { kind: 'prepare' }>): void {
    const { revision, config: bytes, zones, pools, files, tickets, acme } = question;
    const config: PlaneConfig = openConfig(new Uint8Array(bytes));
    this.#files.give(files);
    this.#engine ??= this.#start(config, tickets);
    this.#engine.takeAcme(acme);
    this.#engine.prepare(revision, config.http, { zones, pools });
    this.#prepared = { revision, config };
  }

  #start({ errorLogs }: PlaneConfig, ticketSeed: TicketSeed): Engine {
    this.#logs.replaceMain(errorLogs);
    return new Engine({
      workerId: this.#options.workerId,
      place: this.#options.place,
      ticketSeed, // the same for all threads: any of them resumes a session
      errorLogs,
      errorSink: (log, level, message) => this.#logs.one(log).write(level, message),
      files: this.#files,
      report: ({ message }) => this.#logs.main.alert(message),
      wafEvents: waf => upwards.tell({ waf }),
      spans: spans => upwards.tell({ spans }),
      bansChanged: () => upwards.tell({ bans: 'changed' }),
      tierMetrics: () => upwards.ask<string>({ kind: 'tier-metrics' }),
    });
  }

  #commit({ revision, listen, taken, unlisten }: Extract<ToWorker, { kind: 'commit' }>): void {
    const engine = this.#engine;
    if (!engine || this.#prepared?.revision !== revision)
      throw new Error(`Cannot commit revision ${revision}: it is not prepared`);
    const { errorLogs, process: settings } = this.#prepared.config;
    this.#logs.replaceMain(errorLogs);
    engine.errorLogs = errorLogs;
    engine.connectionsMost = settings.workerConnections;
    engine.commit(revision);
    this.#revision = revision;
    this.#prepared = undefined;
    for (const { key, fd } of listen) {
      taken[0] = taken[0]! + 1;
      engine.listen(key, fd);
    }
    for (const key of unlisten) engine.unlisten(key);
  }

  #rotate({ files, gone }: Extract<ToWorker, { kind: 'rotate' }>): void {
    const faults = this.#engine?.reopenLogs() ?? []; // first: what is buffered belongs to the old files
    for (const path of gone) this.#files.drop(path);
    this.#files.give(files);
    for (const fault of faults) this.#logs.main.emerg(fault.message);
  }

  #status(): WorkerStatus | undefined {
    const { workerId, restarts } = this.#options;
    if (!this.#engine || this.#revision === 0) return undefined;
    return { workerId, restarts, revision: this.#revision, engine: this.#engine.status() };
  }
}

const port = parentPort;
if (!port) throw new Error('Cannot run thread.ts: it is no worker thread');
const upwards = new Line<ToControl, PlaneNews>(message => port.postMessage(message));
const thread = new Thread(workerData);
port.on('message', (message: Said<ToWorker>) => upwards.take(message, question => thread.work(question)));
