/** Who had which address when: the longest times in which two had one, and in which nobody had it. Times are ms of CLOCK_MONOTONIC. */
import { longestOf, type Span } from './span.ts';

/** What a node was seen to have, until its next change. */
export interface Change {
  readonly node: string;
  readonly atMs: number;
  /** Until then what was before was seen. */
  readonly beforeMs: number;
  readonly held: readonly string[];
}

export interface Spans {
  /** Two or more had one address. Undefined: never. */
  readonly two: Span | undefined;
  readonly none: Span | undefined;
}

/**
 * A time counts from the first look that saw it to the last one that did: a watcher that is kept waiting makes it shorter, and makes up none.
 *
 * @param changes of each node in its order; a node that has none yet has nothing
 * @returns of each kind the longest, cut to the time that is looked at
 */
export function spansOf(
  changes: readonly Change[],
  addresses: readonly string[],
  [fromMs, untilMs]: readonly [number, number],
): Spans {
  const found = addresses.map(address => {
    const turns = changes.map(({ node, atMs, beforeMs, held }) => {
      const has = held.includes(address);
      return { node, has, first: atMs, last: beforeMs };
    });
    const longestWhere = (timeOf: (turn: Turn) => number, isSuch: (count: number) => boolean) =>
      longest(stepsOf(turns, timeOf, fromMs), address, untilMs, isSuch);
    return {
      two: longestWhere(
        ({ has, first, last }) => (has ? first : last),
        count => count > 1,
      ),
      none: longestWhere(
        ({ has, first, last }) => (has ? last : first),
        count => count === 0,
      ),
    };
  });
  return { two: longestOf(found.map(({ two }) => two)), none: longestOf(found.map(({ none }) => none)) };
}

interface Turn {
  readonly node: string;
  readonly has: boolean;
  /** The first look that saw it so, and the last one that did not. */
  readonly first: number;
  readonly last: number;
}

interface Step {
  readonly atMs: number;
  readonly count: number;
}

/** How many had it, from the beginning on. */
function stepsOf(turns: readonly Turn[], timeOf: (turn: Turn) => number, fromMs: number): Step[] {
  const owners = new Set<string>();
  const steps: Step[] = [{ atMs: fromMs, count: 0 }];
  for (const turn of turns.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    if (turn.has) owners.add(turn.node);
    else owners.delete(turn.node);
    const step = { atMs: Math.max(timeOf(turn), fromMs), count: owners.size };
    if (steps.at(-1)!.atMs === step.atMs) steps.pop();
    steps.push(step);
  }
  return steps;
}

function longest(
  steps: readonly Step[],
  address: string,
  untilMs: number,
  isSuch: (count: number) => boolean,
): Span | undefined {
  const spans: Span[] = [];
  let beganMs: number | undefined;
  for (const { atMs, count } of [...steps, { atMs: untilMs, count: -1 }]) {
    if (isSuch(count)) beganMs ??= atMs;
    else if (beganMs !== undefined) {
      spans.push({ address, fromMs: beganMs, untilMs: Math.min(atMs, untilMs) });
      beganMs = undefined;
    }
  }
  return longestOf(spans);
}
