/** One worker thread as the L7 process sees it: asked over a line, and known by how it ended. */
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { Line, type Said } from '#kit/line.ts';
import type { PlaneNews, ToControl, ToWorker } from './messages.ts';
import type { ThreadOptions } from './thread.ts';

const THREAD = new URL('./thread.ts', import.meta.url);

/** What a thread needs of those around it. */
export interface ThreadEars {
  /** Called once, with what went wrong if it threw. */
  readonly ended: (thread: WorkerThread, fault: Error | undefined) => void;
  /** The thread's code. */
  readonly entry?: URL;
  /** Told of what it says without being asked. */
  readonly tell?: (news: PlaneNews) => void;
  readonly askControl?: (question: ToControl) => Promise<unknown>;
}

/**
 * Requests leave little behind that lives long, so a quarter of the young generation that V8 would take is as fast, and each thread
 * takes less memory: inspected requests would fill all of it (`npm run bench -- waf memory`).
 */
const YOUNG_MB = 12;

export class WorkerThread {
  readonly id: number;
  /** Its place in shared memory. */
  readonly place: number;
  /** Node's number of the thread, never used again. */
  readonly threadId: number;
  /** Slots (by slotId) that this thread accepts from. */
  readonly listening = new Set<string>();
  /** The last revision that it prepared. */
  prepared = 0;
  /** Set before it is ended on purpose. */
  expectedToEnd = false;
  readonly startedAtMs = performance.now();
  readonly #worker: Worker;
  readonly #line: Line<ToWorker>;
  #fault: Error | undefined;

  constructor(options: ThreadOptions, ears: ThreadEars) {
    this.id = options.workerId;
    this.place = options.place;
    this.#worker = new Worker(ears.entry ?? THREAD, {
      workerData: options,
      env: SHARE_ENV,
      name: `worker ${options.workerId}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.threadId = this.#worker.threadId;
    this.#line = new Line(message => this.#worker.postMessage(message));
    this.#worker.on('message', (message: Said<ToControl, PlaneNews>) =>
      this.#line.take(message, question => ears.askControl?.(question), ears.tell),
    );
    this.#worker.on(
      'error',
      error => (this.#fault = error instanceof Error ? error : new Error(String(error))),
    );
    this.#worker.on('exit', () => {
      this.#line.break(`worker ${this.id} died`);
      ears.ended(this, this.#fault);
    });
  }

  /** @throws {Error} with the thread's refusal, or when it died */
  ask<A = void>(question: ToWorker): Promise<A> {
    return this.#line.ask<A>(question);
  }

  /** Ends the thread, which `fault` has shown to be of no use; one that is dead already stays so. */
  fail(fault: Error): void {
    this.#fault ??= fault;
    void this.#worker.terminate();
  }

  /** Ends the thread at once. */
  async end(): Promise<void> {
    this.expectedToEnd = true;
    await this.#worker.terminate();
  }
}
