/** `--canary` of `moat apply`: what is wished for, and waiting for what comes of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDurationMs } from '#kit/units.ts';
import type { CanaryState } from '../canary/keeper.ts';
import { CANARY_BOUNDS, type CanaryWish, FEW_CHOICES } from '../canary/plan.ts';
import { canaryText } from '../canary/text.ts';
import { OptionFault } from '../options.ts';

export const CANARY_OPTIONS = {
  canary: { type: 'string' },
  'canary-share': { type: 'string' },
  'canary-errors': { type: 'string' },
  'canary-latency': { type: 'string' },
  'canary-factor': { type: 'string' },
  'canary-requests': { type: 'string' },
  'canary-few': { type: 'string' },
} as const;

type Name = keyof typeof CANARY_OPTIONS;
type Given = { readonly [K in Name]?: string | undefined };
type Bounded = keyof typeof CANARY_BOUNDS;

/** It was tried, and is not in force. */
export const TAKEN_BACK = 3;
const LOOK_MS = 500;

const timeOf = (text: string): number | undefined => parseDurationMs(text, 1000);
const numberOf = (text: string): number | undefined =>
  /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
const wholeOf = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);
const withoutPercent = (text: string): string => text.replace(/%$/, '');

const READERS: Readonly<
  Record<Exclude<Name, 'canary-few'>, readonly [Bounded, (text: string) => number | undefined, string]>
> = {
  canary: ['lengthMs', timeOf, 'a time from 1s to 24h, like 60s, or 5m'],
  'canary-share': ['sharePercent', text => wholeOf(withoutPercent(text)), 'a share from 1% to 50%'],
  'canary-errors': ['errorsPercent', text => numberOf(withoutPercent(text)), 'a share from 0% to 100%'],
  'canary-latency': ['latencyMs', timeOf, 'a time up to 1h, like 50ms'],
  'canary-factor': ['factor', numberOf, 'a number from 1 to 1000'],
  'canary-requests': ['leastRequests', wholeOf, 'a whole number from 1 to 1000000'],
};

/** @returns undefined where none is wished for @throws {OptionFault} */
export function canaryWishOf(given: Given): CanaryWish | undefined {
  const stray = Object.keys(CANARY_OPTIONS).find(
    name => name !== 'canary' && given[name as Name] !== undefined,
  );
  if (given.canary === undefined) {
    if (stray !== undefined) throw new OptionFault(`--${stray} belongs to --canary TIME`);
    return undefined;
  }
  const few = FEW_CHOICES.find(choice => choice === given['canary-few']);
  if (given['canary-few'] !== undefined && !few)
    throw new OptionFault(`--canary-few "${given['canary-few']}" is neither ${FEW_CHOICES.join(' nor ')}`);
  const read = (name: keyof typeof READERS) => readOption(name, given[name]);
  return {
    lengthMs: read('canary') ?? 0,
    sharePercent: read('canary-share'),
    errorsPercent: read('canary-errors'),
    latencyMs: read('canary-latency'),
    factor: read('canary-factor'),
    leastRequests: read('canary-requests'),
    few,
  };
}

function readOption(name: keyof typeof READERS, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [what, read, wanted] = READERS[name];
  const [least, most] = CANARY_BOUNDS[what];
  const value = read(text);
  if (value === undefined || value < least || value > most)
    throw new OptionFault(`--${name} "${text}" is not ${wanted}`);
  return value;
}

/**
 * Waits until the canary has ended; whoever interrupts that leaves it running.
 *
 * @param look asks the program how it stands @throws {Error} when it answers no more
 */
export async function awaitCanary(
  look: () => Promise<CanaryState | undefined>,
  tell: (text: string) => void,
): Promise<CanaryState> {
  const begun = await look();
  if (!begun) throw new Error('the canary is gone');
  if (begun.outcome === undefined)
    tell(`${canaryText(begun, Date.now()).split('\n')[0]}; moat rollback ends it\n`);
  for (;;) {
    const now = await look();
    if (!now || now.startedMs !== begun.startedMs) throw new Error('the canary is gone: see moat history');
    if (now.outcome !== undefined) return now;
    await sleep(LOOK_MS);
  }
}
