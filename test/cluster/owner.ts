/** Who has an address, and since when. */
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../kit/monotonic.ts';
import { type Host, until } from '../lab/lab.ts';

const WATCH = fileURLToPath(new URL('./owner-watch.ts', import.meta.url));

/** A busy machine takes half a minute to start a program. */
export const PATIENCE_MS = 120_000;

interface Change {
  readonly atMs: number;
  readonly has: boolean;
}

export class Owner {
  readonly #host: Host;
  readonly #changes: Change[] = [];

  constructor(host: Host, address: string) {
    this.#host = host;
    const child = host.start(process.execPath, WATCH, address);
    child.stderr!.pipe(process.stderr);
    createInterface(child.stdout!).on('line', line => {
      const [at = '', has] = line.split(' ');
      this.#changes.push({ atMs: Number(at), has: has === '1' });
    });
  }

  get hasNow(): boolean {
    return this.#changes.at(-1)?.has ?? false;
  }

  /** Stretches of time in which it had the address, from then on: ms of CLOCK_MONOTONIC. */
  held(sinceMs: number): { readonly fromMs: number; readonly toMs: number }[] {
    return this.#changes.flatMap(({ atMs, has }, at) => {
      const toMs = this.#changes[at + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      return has && toMs > sinceMs ? [{ fromMs: Math.max(atMs, sinceMs), toMs }] : [];
    });
  }

  /** Waits until it has the address, or has it not. @returns when that began, for good: ms of CLOCK_MONOTONIC */
  async becomes(has: boolean): Promise<number> {
    await until(
      () => this.#changes.at(-1)?.has === has,
      `${this.#host.name} to ${has ? 'have' : 'lose'} the address`,
      PATIENCE_MS,
    );
    return this.#changes.at(-1)!.atMs;
  }

  /** Whether it had, or had not, the address all the time since then. */
  assertSteady(has: boolean, sinceMs: number): void {
    const changes = this.#changes.filter(({ atMs }) => atMs > sinceMs);
    const at = this.#changes.findLast(({ atMs }) => atMs <= sinceMs);
    assert.ok(at, `${this.#host.name} was not watched then`);
    assert.deepEqual(
      [at.has, changes],
      [has, []],
      `${this.#host.name} did not ${has ? 'hold' : 'stay away'}`,
    );
  }
}

/** @returns for how long both had the address at once, all in all: ms */
export function sharedMs(a: Owner, b: Owner, sinceMs: number): number {
  const untilMs = monotonicMs();
  const stretches = a.held(sinceMs).flatMap(one =>
    b.held(sinceMs).map(other => {
      const from = Math.max(one.fromMs, other.fromMs);
      return Math.max(0, Math.min(one.toMs, other.toMs, untilMs) - from);
    }),
  );
  return stretches.reduce((sum, ms) => sum + ms, 0);
}

/** For so long `holder` has the address, and nobody else, told by the kernel at each change. */
export async function assertSole(holder: Owner, others: readonly Owner[], forMs: number): Promise<void> {
  const sinceMs = monotonicMs();
  await new Promise(resolve => setTimeout(resolve, forMs));
  holder.assertSteady(true, sinceMs);
  for (const other of others) other.assertSteady(false, sinceMs);
}
