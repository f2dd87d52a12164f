/** The sync as the director has it: a thread while the configuration wants one, started anew when it dies. */
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { SyncModel } from '#model/l4/sync.ts';
import type { Teller } from '../health/teller.ts';
import type { FromSyncThread, SyncFigures, SyncThreadOptions, ToSyncThread } from './messages.ts';

const ENTRY = new URL('./thread.ts', import.meta.url);
const PAUSE_MS = 1000;

export class SyncLink {
  readonly #log: Teller;
  #options: SyncThreadOptions | undefined;
  #worker: Worker | undefined;
  #retry: NodeJS.Timeout | undefined;
  #figures: SyncFigures | undefined;

  constructor(log: Teller) {
    this.#log = log;
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

  #start(options: SyncThreadOptions): void {
    // Its answers are small, and so is what it keeps.
    const worker = new Worker(ENTRY, {
      workerData: options,
      name: 'flow sync',
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (message: FromSyncThread) => {
      if (message.kind === 'log') this.#log[message.level](message.message);
      else if (this.#worker === worker) this.#figures = message.figures;
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

  /** Real servers or services are others now. */
  tablesChanged(): void {
    this.#worker?.postMessage({ kind: 'tables' } satisfies ToSyncThread);
  }

  end(): void {
    clearTimeout(this.#retry);
    this.#worker?.postMessage({ kind: 'end' } satisfies ToSyncThread);
    this.#worker = undefined;
    this.#options = undefined;
    this.#figures = undefined;
  }
}
