/** How busy the machine is and how the L7 tier answers, from one look to the next. */
import { readFileSync } from 'node:fs';
import type { NodeSample } from '#cluster';
import type { PlaneStatus } from '#l7';
import { cpuTicks, kibibytesOf } from './host/proc.ts';

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
  const { all, idle } = cpuTicks(readFileSync('/proc/stat', 'latin1'));
  return { cpu: all, idle };
}

function memoryInUse(): number {
  const text = readFileSync('/proc/meminfo', 'latin1');
  const total = kibibytesOf(text, 'MemTotal');
  return total > 0 ? 1 - (kibibytesOf(text, 'MemAvailable') || 0) / total : 0;
}
