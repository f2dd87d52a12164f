/** The ranges of `track health`: `cpu=90%-100%`, `lag=100ms-1s`, `errors=off`. */

import { parseDurationMs } from '#kit/units.ts';
import type { HealthLimits, HealthRange, TrackQuestion } from '#model/cluster/track.ts';
import { ArgumentFault } from './argument.ts';
import type { Token } from './lex.ts';

export const HEALTH_MEASURES = ['cpu', 'memory', 'lag', 'errors'] as const;
type Measure = (typeof HEALTH_MEASURES)[number];

const STANDARD: HealthLimits = {
  cpu: { from: 0.9, to: 1 },
  memory: { from: 0.9, to: 0.98 },
  lag: { from: 100, to: 1000 },
  errors: { from: 0.1, to: 0.5 },
};
const EXAMPLES: Readonly<Record<Measure, string>> = {
  cpu: '90%-100%',
  memory: '90%-98%',
  lag: '100ms-1s',
  errors: '10%-50%',
};

/** @throws {ArgumentFault} when one is no range, or all are off */
export function healthOf(words: Readonly<Record<Measure, Token | undefined>>): TrackQuestion {
  const [cpu, memory, lag, errors] = HEALTH_MEASURES.map(measure => {
    const word = words[measure];
    return word ? rangeOf(measure, word) : STANDARD[measure];
  });
  if (!cpu && !memory && !lag && !errors)
    throw new ArgumentFault('health of which nothing counts', 'leave one of cpu, memory, lag and errors on');
  return { type: 'health', cpu, memory, lag, errors };
}

function rangeOf(measure: Measure, token: Token): HealthRange | undefined {
  const { text } = token;
  if (text === 'off') return undefined;
  const ends = text.split('-').map(end => (measure === 'lag' ? parseDurationMs(end) : shareOf(end)));
  const [from, to] = ends;
  if (ends.length !== 2 || from === undefined || to === undefined || from >= to)
    throw new ArgumentFault(
      `"${text}" is no range`,
      `write ${measure}=${EXAMPLES[measure]}, the smaller one first, or ${measure}=off`,
      token,
    );
  return { from, to };
}

function shareOf(text: string): number | undefined {
  const [, percent] = /^(\d{1,3})%$/.exec(text) ?? [];
  return percent === undefined || Number(percent) > 100 ? undefined : Number(percent) / 100;
}
