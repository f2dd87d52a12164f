/** The L4 tier again every second, on a terminal until q is pressed; once where nobody watches. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { L4Figures } from '#l4';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { ask } from './client.ts';
import { type L4Sample, ratesBetween } from './l4-rates.ts';

export interface L4WatchOptions {
  readonly json: boolean;
  /** Also on a terminal. */
  readonly once: boolean;
  /** @param rates figures of a second */
  readonly text: (rates: L4Figures) => string;
}

const STEP_MS = 1000;
/** The other screen of the terminal, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
/** What is left of a line, and below the last one, of the picture before. */
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const CONTROL_C = '\x03';

/** @returns 1 when no program answers, or it has no L4 tier */
export async function watchL4(path: string, options: L4WatchOptions): Promise<number> {
  try {
    const isLive = process.stdout.isTTY === true && !options.once && !options.json;
    const first = await sampleOf(path);
    if (isLive) await live(path, first, options);
    else process.stdout.write(await glance(path, first, options));
    return 0;
  } catch (fault) {
    complain(
      'error',
      fault instanceof NoTier ? fault.message : `no running moat answers at "${path}" ${systemReason(fault)}`,
    );
    return 1;
  }
}

class NoTier extends Error {}

async function sampleOf(path: string): Promise<L4Sample> {
  const figures = await ask(path, 'l4');
  if (!figures) throw new NoTier('the running moat has no l4 block in force');
  return { figures, atMs: performance.now() };
}

async function glance(path: string, first: L4Sample, { json, text }: L4WatchOptions): Promise<string> {
  await sleep(STEP_MS);
  const rates = ratesBetween(first, await sampleOf(path));
  return json ? `${JSON.stringify(rates)}\n` : text(rates);
}

/** Draws until q, Ctrl-C or a signal; the terminal is as before afterwards. */
async function live(path: string, first: L4Sample, { text }: L4WatchOptions): Promise<void> {
  using keys = new Keys();
  process.stdout.write(ENTER);
  try {
    for (let before = first; ; ) {
      await sleep(STEP_MS, undefined, { signal: keys.signal });
      const now = await sampleOf(path);
      process.stdout.write(picture(`${text(ratesBetween(before, now))}\nq ends\n`));
      before = now;
    }
  } catch (fault) {
    if (!keys.signal.aborted) throw fault;
  } finally {
    process.stdout.write(LEAVE);
  }
}

/** No more lines than the terminal has, or it would scroll. One without a size says 0. */
function picture(text: string): string {
  const lines = text
    .trimEnd()
    .split('\n')
    .slice(0, process.stdout.rows || 24);
  const columns = process.stdout.columns || 80;
  return `${HOME}${lines.map(line => line.slice(0, columns) + CLEAR_LINE).join('\n')}${CLEAR_BELOW}`;
}

/** q and Ctrl-C, one by one as they are pressed. */
class Keys implements Disposable {
  readonly #abort = new AbortController();
  readonly #isRaw = process.stdin.isTTY === true;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => this.#abort.abort());
    if (!this.#isRaw) return;
    process.stdin.setRawMode(true);
    process.stdin.on('data', bytes => {
      const text = bytes.toString('latin1');
      if (text.includes('q') || text.includes(CONTROL_C)) this.#abort.abort();
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  [Symbol.dispose](): void {
    if (!this.#isRaw) return;
    process.stdin.setRawMode(false);
    process.stdin.destroy();
  }
}
