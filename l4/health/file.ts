/** `health_check file`: what a file says. */
import { open } from 'node:fs/promises';
import type { FileQuestion } from '#model/l4/health.ts';
import type { Probe } from './probe.ts';
import { reasonOf } from './talk.ts';
import { excerpt } from './tcp.ts';

const MOST_BYTES = 256;
const MOST_WEIGHT = 65_535;

export const fileProbe: Probe<FileQuestion> = async ({ path, dynamicWeight }, { weight }) => {
  const text = (await readStart(path)).trim();
  const word = text.toLowerCase();
  if (word === 'down') throw new Error(`${path} says down`);
  return dynamicWeight ? { weight: weightOf(word, weight, path) } : {};
};

async function readStart(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
    return buffer.latin1Slice(0, bytesRead);
  } catch (fault) {
    throw new Error(`${path}: ${reasonOf(fault as Error).message}`, { cause: fault });
  }
}

/** `3`, `50%`, `drain`, or `up` for the configured one. @throws {Error} for all else */
function weightOf(word: string, configured: number, path: string): number | undefined {
  if (word === 'up' || word === '') return undefined;
  if (word === 'drain') return 0;
  const [, digits, share] = /^(\d{1,5})(%?)$/.exec(word) ?? [];
  const weight = share ? Math.round((configured * Number(digits)) / 100) : Number(digits);
  if (digits === undefined || weight > MOST_WEIGHT)
    throw new Error(`${path} says "${excerpt(word)}", which is no weight`);
  return weight;
}
