/** Who had which address when: the longest times in which two had one, and in which nobody had it. Times are ms of CLOCK_MONOTONIC. */

/** What a node has from this moment on, until its next change. */
export interface Change {
  readonly node: string;
  readonly atMs: number;
  readonly held: readonly string[];
}

export interface Span {
  readonly address: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Spans {
  /** Two or more had one address. Undefined: never. */
  readonly two: Span | undefined;
  readonly none: Span | undefined;
}

export const lengthOf = (span: Span | undefined): number => (span ? span.untilMs - span.fromMs : 0);

/**
 * @param changes of each node in its order; a node that has none yet has nothing
 * @returns of each kind the longest, cut to the time that is looked at
 */
export function spansOf(
  changes: readonly Change[],
  addresses: readonly string[],
  [fromMs, untilMs]: readonly [number, number],
): Spans {
  const inOrder = changes.toSorted((a, b) => a.atMs - b.atMs);
  const found = addresses.map(address => {
    const steps = stepsOf(inOrder, address, fromMs);
    return {
      two: longest(steps, address, untilMs, count => count > 1),
      none: longest(steps, address, untilMs, count => count === 0),
    };
  });
  return { two: longer(found.map(({ two }) => two)), none: longer(found.map(({ none }) => none)) };
}

interface Step {
  readonly atMs: number;
  readonly count: number;
}

/** How many had it, from the beginning on. */
function stepsOf(inOrder: readonly Change[], address: string, fromMs: number): Step[] {
  const owners = new Set<string>();
  const steps: Step[] = [{ atMs: fromMs, count: 0 }];
  for (const { node, atMs, held } of inOrder) {
    if (held.includes(address)) owners.add(node);
    else owners.delete(node);
    const step = { atMs: Math.max(atMs, fromMs), count: owners.size };
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
  return longer(spans);
}

const longer = (spans: readonly (Span | undefined)[]): Span | undefined =>
  spans.filter(span => lengthOf(span) > 0).toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
