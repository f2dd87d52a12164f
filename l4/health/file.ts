/** `health_check file`: what a file says. */
import { open } from 'node:fs/promises';
import type { FileQuestion } from '#model/l4/health.ts';
import type { Probe } from './probe.ts';
import { reasonOf } from './talk.ts';
import { excerpt } from './tcp.ts';

const MOST_BYTES = 256;
const MOST_WEIGHT = 65_535;

export const fileProbe: Probe<FileQuestion> = async ({ path, dynamicWeight }, { weight }) => {
  const text = await readStart(path);
  const said = saidWeight(text, weight, path, dynamicWeight);
  return dynamicWeight ? { weight: said } : {};
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

/**
 * `3`, `50%`, `drain`, or `up` for the configured one.
 *
 * @param from who says so @param counts whether anything but `down` counts @throws {Error} for `down`, and what is no weight
 */
export function saidWeight(
  text: string,
  configured: number,
  from: string,
  counts = true,
): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'down') throw new Error(`${from} says down`);
  if (!counts || word === 'up' || word === '') return undefined;
  if (word === 'drain') return 0;
  const [, digits, share] = /^(\d{1,5})(%?)$/.exec(word) ?? [];
  const weight = share ? Math.round((configured * Number(digits)) / 100) : Number(digits);
  if (digits === undefined || weight > MOST_WEIGHT)
    throw new Error(`${from} says "${excerpt(word)}", which is no weight`);
  return weight;
}
