/** Watches in the kernels of some hosts who has which address and can speak as it, at each change and every 10 ms: a process in each, which outlives all that is done to the host. */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Host } from './net/host.ts';
import { ALL_TOLD, type Sight } from './owner-sight.ts';
import { type Change, type Spans, spansOf } from './ownership.ts';

const ENTRY = fileURLToPath(new URL('./owner-watch.ts', import.meta.url));

export interface Watched {
  readonly name: string;
  readonly host: Host;
}

export class Owners {
  readonly #addresses: readonly string[];
  readonly #watchers: readonly Watcher[];

  /** @param addresses as `ip` writes them */
  constructor(nodes: readonly Watched[], addresses: readonly string[]) {
    this.#addresses = addresses;
    this.#watchers = nodes.map(node => new Watcher(node, addresses));
  }

  /**
   * All that was until now is known when this resolves; the first time: from now on everything is seen.
   *
   * @throws {Error} when one is not watched any more
   */
  async caughtUp(): Promise<void> {
    await Promise.all(this.#watchers.map(watcher => watcher.answer()));
  }

  /** Of a time that `caughtUp()` came after. */
  spans(fromMs: number, untilMs: number): Spans {
    const changes = this.#watchers.flatMap(({ changes }) => changes);
    return spansOf(changes, this.#addresses, [fromMs, untilMs]);
  }

  /** What was before is not asked for any more. */
  forget(beforeMs: number): void {
    for (const watcher of this.#watchers) watcher.forget(beforeMs);
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }
}

class Watcher {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #gone: Promise<never>;
  #asked = Promise.withResolvers<void>();
  changes: readonly Change[] = [];

  constructor({ name, host }: Watched, addresses: readonly string[]) {
    this.#name = name;
    this.#child = host.onlooker([process.execPath, ENTRY, JSON.stringify(addresses)]);
    this.#gone = new Promise((_, reject) => {
      const end = () => reject(new Error(`nobody watches the addresses of ${name} any more`));
      this.#child.once('exit', end).once('error', end);
    });
    this.#gone.catch(() => {}); // whoever asks is told
    this.#child.on('message', message => this.#take(message as Sight | typeof ALL_TOLD));
  }

  #take(said: Sight | typeof ALL_TOLD): void {
    if (said === ALL_TOLD) this.#asked.resolve();
    else this.changes = [...this.changes, { node: this.#name, ...said }];
  }

  /** Messages come in their order: with the answer all before it are there. */
  async answer(): Promise<void> {
    this.#asked = Promise.withResolvers();
    this.#child.send('now', () => {}); // one that is gone is told below
    await Promise.race([this.#asked.promise, this.#gone]);
  }

  /** The last one from before says what it has. */
  forget(beforeMs: number): void {
    const first = this.changes.findLastIndex(({ atMs }) => atMs <= beforeMs);
    this.changes = this.changes.slice(Math.max(0, first));
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
