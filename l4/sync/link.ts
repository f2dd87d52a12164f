/** The sync as the director has it: a thread while the configuration wants one, started anew when it dies. */
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { SyncModel } from '#model/l4/sync.ts';
import type { Teller } from '../health/teller.ts';
import type { PeerReals } from '../peer-reals.ts';
import type { FromSyncThread, SyncFigures, SyncThreadOptions, ToSyncThread } from './messages.ts';

const ENTRY = new URL('./thread.ts', import.meta.url);
const PAUSE_MS = 1000;

export class SyncLink {
  readonly #log: Teller;
  readonly #told: (reals: PeerReals) => void;
  #alive: ReadonlySet<number> = new Set();
  #options: Omit<SyncThreadOptions, 'alive'> | undefined;
  #worker: Worker | undefined;
  #retry: NodeJS.Timeout | undefined;
  #figures: SyncFigures | undefined;

  /** @param told is called when the other director has told something new of real servers */
  constructor(log: Teller, told: (reals: PeerReals) => void) {
    this.#log = log;
    this.#told = told;
  }

  /** What it told last; undefined: there is no sync, or it has not begun. */
  get figures(): SyncFigures | undefined {
    return this.#figures;
  }

  /** @param folder of pinned maps */
  follow(model: SyncModel | undefined, folder: string): void {
    const options = model && { folder, model };
    if (isDeepStrictEqual(options, this.#options)) return;
    this.end();
    this.#options = options;
    if (options) this.#start(options);
  }

  #start(options: Omit<SyncThreadOptions, 'alive'>): void {
    // Its answers are small, and so is what it keeps.
    const worker = new Worker(ENTRY, {
      workerData: { ...options, alive: this.#alive } satisfies SyncThreadOptions,
      name: 'flow sync',
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (message: FromSyncThread) => {
      if (message.kind === 'log') this.#log[message.level](message.message);
      else if (this.#worker !== worker) return;
      else if (message.kind === 'peer') this.#told(message.reals);
      else this.#figures = message.figures;
    });
    worker.on('error', fault =>
      this.#log.error(`flow sync: ${fault instanceof Error ? fault.message : fault}`),
    );
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#figures = undefined;
      this.#retry = setTimeout(() => this.#start(options), PAUSE_MS).unref();
    });
  }

  /** Real servers or services are others now. @param alive ids of real servers that pass their checks */
  tablesChanged(alive: ReadonlySet<number>): void {
    this.#alive = alive;
    this.#worker?.postMessage({ kind: 'tables', alive } satisfies ToSyncThread);
  }

  end(): void {
    clearTimeout(this.#retry);
    this.#worker?.postMessage({ kind: 'end' } satisfies ToSyncThread);
    this.#worker = undefined;
    this.#options = undefined;
    this.#figures = undefined;
  }
}
