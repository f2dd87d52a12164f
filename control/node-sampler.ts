/** How busy the machine is and how the L7 tier answers, from one look to the next. */
import { readFileSync } from 'node:fs';
import type { NodeSample } from '#cluster';
import type { PlaneStatus } from '#l7';

/** Columns of `cpu` in /proc/stat: proc_stat(5). */
const IDLE = 3;
const IO_WAIT = 4;
/** What guests had is in the first two columns already. */
const COLUMNS = 8;
const SERVER_ERRORS = 5;

interface Totals {
  readonly cpu: number;
  readonly idle: number;
  readonly answers: number;
  readonly errors: number;
}

export class NodeSampler {
  #before: Totals | undefined;

  /** @param status undefined: the L7 tier did not answer for so long */
  next(status: PlaneStatus | undefined, lagMs: number): NodeSample {
    const before = this.#before;
    const now = { ...cpuTotals(), ...answerTotals(status, before) };
    this.#before = now;
    const passed = before ? now.cpu - before.cpu : 0;
    // A new process counts from nothing.
    const isOlder = before !== undefined && now.answers >= before.answers && now.errors >= before.errors;
    return {
      cpu: before && passed > 0 ? 1 - (now.idle - before.idle) / passed : undefined,
      memory: memoryInUse(),
      lagMs,
      answers: isOlder ? now.answers - before.answers : 0,
      errors: isOlder ? now.errors - before.errors : 0,
    };
  }
}

function answerTotals(status: PlaneStatus | undefined, before: Totals | undefined) {
  const counts = status?.traffic?.answers;
  if (!counts) return { answers: before?.answers ?? 0, errors: before?.errors ?? 0 };
  return { answers: counts.reduce((sum, count) => sum + count, 0), errors: counts[SERVER_ERRORS] ?? 0 };
}

function cpuTotals(): Pick<Totals, 'cpu' | 'idle'> {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  const ticks = line
    .split(/\s+/)
    .slice(1, 1 + COLUMNS)
    .map(Number);
  return {
    cpu: ticks.reduce((sum, one) => sum + one, 0),
    idle: (ticks[IDLE] ?? 0) + (ticks[IO_WAIT] ?? 0),
  };
}

function memoryInUse(): number {
  const text = readFileSync('/proc/meminfo', 'latin1');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const total = kilobytes('MemTotal');
  return total > 0 ? 1 - kilobytes('MemAvailable') / total : 0;
}
