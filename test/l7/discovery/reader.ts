/** A pool whose sources are followed, without the rest of moat. */
import type { HttpModel } from '#model/l7/http.ts';
import type { PoolModel } from '#model/l7/upstream.ts';
import { SourceFiles } from '../../../control/pool/source-files.ts';
import { Log } from '../../../kit/log.ts';
import { DiscoveryBook } from '../../../l7/discovery/book.ts';
import type { KeptSource } from '../../../l7/discovery/kept.ts';
import { until } from '../../e2e/rig.ts';

/** A book that follows the sources of one pool. */
export class Reader implements Disposable {
  readonly lines: string[] = [];
  readonly pool: PoolModel;
  readonly book: DiscoveryBook;
  readonly ready: Promise<void>;
  changes = 0;

  constructor(pool: PoolModel, kept: readonly KeptSource[] = []) {
    this.pool = pool;
    const sink = { write: (line: string) => this.lines.push(line) };
    const log = new Log([{ level: 'info', sink }], 'test', { now: () => '' });
    const files = new SourceFiles();
    files.prepare({ pools: [pool] } as unknown as HttpModel);
    this.book = new DiscoveryBook({
      log: () => log,
      nowMs: Date.now,
      random: () => 0,
      firstPauseMs: 20,
      read: files.read,
      changed: () => this.changes++,
    });
    this.ready = this.book.want([pool], kept);
  }

  /** `address weight`, drained ones with a `-` before. */
  get members(): string {
    return this.book
      .with(this.pool)
      .members.map(
        ({ name, weight, drain }) => `${drain ? '-' : ''}${name}${weight === 1 ? '' : ` ${weight}`}`,
      )
      .join(', ');
  }

  get figures() {
    return this.book.figures(this.pool)[0]!;
  }

  named(members: string): Promise<void> {
    return until(() => this.members === members, `members ${members}`).catch(fault => {
      throw new Error(`${(fault as Error).message}: they are ${this.members}\n${this.lines.join('')}`);
    });
  }

  failed(error: RegExp): Promise<void> {
    return until(() => error.test(this.figures.error ?? ''), `the fault ${error}`).catch(fault => {
      throw new Error(`${(fault as Error).message}: it is ${this.figures.error}`);
    });
  }

  [Symbol.dispose](): void {
    this.book.keepOnly([]);
  }
}
