/** The worker threads of the L7 process: started, given the same tables, started anew when they die. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#kit/log.ts';
import { Turns } from '#kit/turns.ts';
import { within } from '#kit/within.ts';
import type { KeptCapability } from '#model/main.ts';
import type { AcmeNews } from './acme/news.ts';
import { Deaths } from './deaths.ts';
import { type Generation, isLeaving } from './generation.ts';
import type { FileGrant, PlaneNews, ToControl, ToWorker, WorkerStatus } from './messages.ts';
import { commitThread, prepareThread, type ThreadMeans } from './thread-tables.ts';
import type { TicketSeed } from './tls/ticket-keys.ts';
import type { PoolShare } from './upstream/pool-share.ts';
import { WorkerThread } from './worker-thread.ts';

/** What the crew borrows from the process around it. */
export interface CrewMeans extends ThreadMeans {
  readonly log: () => Log;
  /** How many threads shared memory has places for, those included that are on their way out. */
  readonly places: () => number;
  /** A thread runs no more: its locks and shares are given back, then its place may have another. */
  readonly threadDied: (threadId: number, place: number) => Promise<void>;
  /** What a thread says without being asked. */
  readonly tell?: (news: PlaneNews) => void;
  /** A thread asks what only control knows. */
  readonly askControl?: (question: ToControl) => Promise<unknown>;
  /** The code of a thread; thread.ts, but for tests of deaths. */
  readonly entry?: URL;
  /** A worker cannot be kept alive: ends the process. */
  readonly giveUp: () => void;
}

/** Before a thread is started anew while they die one after the other. */
const PAUSE_MS = 500;
/** How often a thread that is too many is asked whether it still has connections. */
const LEAVE_POLL_MS = 250;
const STATUS_PATIENCE_MS = 1000;
const CLOSE_PATIENCE_MS = 1000;

export class Crew {
  readonly #means: CrewMeans;
  readonly #threads = new Map<number, WorkerThread>();
  readonly #deaths = new Deaths();
  /** Places in shared memory that a thread has; 0 is the process's own. */
  readonly #places = new Set<number>([0]);
  #watch: NodeJS.Timeout | undefined;
  #current: Generation | undefined;
  #ending = false;
  /** A revival must not come between the steps of a reload. */
  readonly #turns = new Turns();

  constructor(means: CrewMeans) {
    this.#means = means;
  }

  /** Starts threads before anything is known that they could serve; resolves when their code is loaded. */
  async muster(count: number): Promise<void> {
    const crew = Array.from({ length: count }, (_, id) => this.#threads.get(id) ?? this.#start(id));
    await Promise.all(crew.map(thread => thread.ask({ kind: 'hello' })));
  }

  /** Has what all threads are permitted outlive `becomeUser`, as far as they are told to take it. */
  async keepCapabilities(names: readonly KeptCapability[], becomeUser: () => void): Promise<void> {
    const all = [...this.#threads.values()];
    await Promise.all(all.map(thread => thread.ask({ kind: 'hold-capabilities' })));
    becomeUser();
    await Promise.all(all.map(thread => thread.ask({ kind: 'take-capabilities', names })));
  }

  /** Has all threads build the tables of `next`. @throws {Error} when one refuses; those before stay in force */
  prepare(next: Generation): Promise<void> {
    return this.#turns.take(async () => {
      this.#refuseTooMany(next.config.process.workers);
      const before = new Set(this.#threads.values());
      const crew = this.#enlist(next);
      const results = await Promise.allSettled(crew.map(thread => prepareThread(thread, next, this.#means)));
      const refused = results.find(result => result.status === 'rejected');
      if (!refused) return;
      await Promise.all(crew.filter(thread => !before.has(thread)).map(thread => thread.end()));
      throw refused.reason;
    });
  }

  /**
   * Makes the prepared tables those of new requests, and adjusts sockets and the number of threads.
   *
   * After the first time it cannot fail: a thread that does not follow is ended, and its successor begins with `next`.
   *
   * @throws {Error} when a thread cannot begin to serve at all
   */
  commit(next: Generation): Promise<void> {
    return this.#turns.take(async () => {
      const crew = this.#enlist(next);
      if (this.#current) {
        this.#current = next;
        await Promise.all(crew.map(thread => this.#commitOrEnd(thread, next).catch(() => {}))); // told of when it is buried
      } else {
        await Promise.all(crew.map(thread => commitThread(thread, next, this.#means)));
        this.#current = next;
      }
      this.#watchLeavers();
    });
  }

  abandon(revision: number): Promise<void> {
    return this.#turns.take(() => this.#tell({ kind: 'abandon', revision }));
  }

  /** Has all threads go on with other members of some pools. */
  changePools(shares: readonly PoolShare[]): Promise<void> {
    return this.#turns.take(() => this.#tell({ kind: 'change-pools', shares }));
  }

  settlePools(): Promise<void> {
    return this.#turns.take(() => this.#tell({ kind: 'settle-pools' }));
  }

  /** Has all threads encrypt tickets with the keys of another moat. */
  adoptTickets(seed: TicketSeed): Promise<void> {
    return this.#turns.take(() => this.#tell({ kind: 'adopt-tickets', seed }));
  }

  /** Has all threads show the certificates that are new, and answer authorities. */
  tellAcme(news: AcmeNews): Promise<void> {
    return this.#turns.take(() => this.#tell({ kind: 'acme', fresh: news }));
  }

  /** A thread that dies meanwhile is not waited for: its successor begins with what is there then. */
  async #tell(what: ToWorker): Promise<void> {
    await Promise.allSettled([...this.#threads.values()].map(thread => thread.ask(what)));
  }

  /** Moves all threads to new descriptors of the log files. */
  rotate(files: readonly FileGrant[], gone: readonly string[]): Promise<void> {
    return this.#turns.take(() => this.#tell({ kind: 'rotate', files, gone }));
  }

  async status(): Promise<WorkerStatus[]> {
    const asked = [...this.#threads.values()].map(thread =>
      thread.ask<WorkerStatus | undefined>({ kind: 'status' }),
    );
    const told = await Promise.all(asked.map(status => within(STATUS_PATIENCE_MS, status)));
    return told.filter(status => status !== undefined);
  }

  /** Has connections end with the answer to their next request. @param accepts whether new ones are taken */
  retire(accepts: boolean): Promise<void> {
    return this.#turns.take(() => this.#tell({ kind: 'retire', accepts }));
  }

  /** Lets every thread finish what it serves; those that exceed `limitMs` (0: none) are closed. */
  async drain(limitMs: number): Promise<void> {
    this.#ending = true;
    const drained = Promise.allSettled(
      [...this.#threads.values()].map(thread => thread.ask({ kind: 'drain' })),
    );
    await (limitMs > 0 ? within(limitMs, drained) : drained);
    await this.close();
  }

  /** Closes everything now. */
  async close(): Promise<void> {
    this.#ending = true;
    const closed = [...this.#threads.values()].map(async thread => {
      await thread.ask({ kind: 'close' });
      await thread.end();
    });
    await within(CLOSE_PATIENCE_MS, Promise.allSettled(closed));
  }

  #refuseTooMany(workers: number): void {
    const places = this.#means.places();
    const needed = this.#places.size - 1 + Math.max(0, workers - this.#threads.size);
    if (needed > places)
      throw new Error(
        `worker_processes ${workers}: the running process has room for ${places}, start moat anew`,
      );
  }

  /** All threads, the missing ones of `next` started; those too many serve the connections that they have. */
  #enlist(next: Generation): WorkerThread[] {
    for (let id = 0; id < next.config.process.workers; id++) if (!this.#threads.has(id)) this.#start(id);
    return [...this.#threads.values()];
  }

  #start(workerId: number): WorkerThread {
    const restarts = this.#deaths.restartsOf(workerId);
    const place = this.#takePlace();
    const options = { workerId, place, restarts };
    const thread = new WorkerThread(options, {
      ...this.#means,
      ended: (dead, fault) => this.#bury(dead, fault),
    });
    this.#threads.set(workerId, thread);
    return thread;
  }

  #takePlace(): number {
    for (let place = 1; ; place++) {
      if (this.#places.has(place)) continue;
      this.#places.add(place);
      return place;
    }
  }

  async #commitOrEnd(thread: WorkerThread, next: Generation): Promise<void> {
    try {
      await commitThread(thread, next, this.#means);
    } catch (fault) {
      thread.fail(fault as Error);
      throw fault;
    }
  }

  /** Ends threads that are too many when their last connection has gone. */
  #watchLeavers(): void {
    clearInterval(this.#watch);
    const leave = () => this.#turns.take(() => this.#letLeaversGo());
    if (this.#leavers().length > 0) this.#watch = setInterval(leave, LEAVE_POLL_MS).unref();
  }

  async #letLeaversGo(): Promise<void> {
    for (const thread of this.#leavers()) {
      const status = await thread.ask<WorkerStatus | undefined>({ kind: 'status' }).catch(() => undefined);
      if (status && status.engine.connections > 0) continue;
      this.#threads.delete(thread.id);
      await thread.ask({ kind: 'close' }).catch(() => {}); // writes what its logs still hold; it may have died
      await thread.end();
    }
    if (this.#leavers().length === 0) clearInterval(this.#watch);
  }

  #leavers(): WorkerThread[] {
    const now = this.#current;
    return now ? [...this.#threads.values()].filter(thread => isLeaving(thread.id, now)) : [];
  }

  async #bury(dead: WorkerThread, fault: Error | undefined): Promise<void> {
    if (this.#threads.get(dead.id) === dead) this.#threads.delete(dead.id);
    await this.#means.threadDied(dead.threadId, dead.place);
    this.#places.delete(dead.place);
    if (dead.expectedToEnd || this.#ending) return;
    this.#means
      .log()
      .alert(`worker ${dead.id} died: ${fault ? onOneLine(fault) : 'it ended without a word'}`);
    this.#deaths.add(dead.id, performance.now() - dead.startedAtMs);
    if (this.#deaths.tooMany) this.#means.giveUp();
    else if (this.#current) await this.#revive(dead);
  }

  /** Starts a dead thread's successor on the tables in force; its sockets have kept their queues meanwhile. */
  async #revive(dead: WorkerThread): Promise<void> {
    if (this.#deaths.wantPause) await sleep(PAUSE_MS);
    await this.#turns
      .take(async () => {
        const now = this.#current;
        if (!now || this.#ending || this.#threads.has(dead.id) || dead.id >= now.config.process.workers)
          return;
        const thread = this.#start(dead.id);
        await this.#commitOrEnd(thread, now);
        this.#means.log().notice(`worker ${dead.id} is started anew`);
      })
      .catch(fault => this.#means.log().alert(`worker ${dead.id} cannot start anew: ${fault.message}`));
  }
}

const onOneLine = ({ message, stack }: Error): string => (stack ?? message).replace(/\s*\n\s*/g, ' ');
