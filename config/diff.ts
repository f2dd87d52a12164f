/** The differences of two texts, as `diff -u` writes them. */

/** One line of the comparison: kept, taken from the old text, or new. */
interface Step {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

const CONTEXT_LINES = 3;
/** Texts that differ more are shown as replaced from the first difference to the last: the search is quadratic in it. */
const MOST_CHANGES = 2000;

/**
 * @param names of the old and the new text, for the head
 * @returns a unified diff, or '' when the texts are equal
 */
export function unifiedDiff(before: string, after: string, names: readonly [string, string]): string {
  if (before === after) return '';
  const hunks = hunksOf(stepsBetween(linesOf(before), linesOf(after)));
  return `--- ${names[0]}\n+++ ${names[1]}\n${hunks.join('')}`;
}

/** Lines with their ends; the last one may have none. */
const linesOf = (text: string) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function stepsBetween(a: readonly string[], b: readonly string[]): Step[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let aEnd = a.length;
  let bEnd = b.length;
  while (aEnd > start && bEnd > start && a[aEnd - 1] === b[bEnd - 1]) [aEnd, bEnd] = [aEnd - 1, bEnd - 1];
  return [
    ...a.slice(0, start).map(line => ({ sign: ' ', line }) as const),
    ...shortestPath(a.slice(start, aEnd), b.slice(start, bEnd)),
    ...a.slice(aEnd).map(line => ({ sign: ' ', line }) as const),
  ];
}

/** E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986: the greedy search, with its way back. */
function shortestPath(a: readonly string[], b: readonly string[]): Step[] {
  const most = Math.min(a.length + b.length, MOST_CHANGES);
  const furthest = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const rounds: Int32Array[] = [];
  for (let changes = 0; changes <= most; changes++) {
    rounds.push(furthest.slice(middle - changes - 1, middle + changes + 2));
    for (let k = -changes; k <= changes; k += 2) {
      const down = isDown(furthest, middle, k, changes);
      let x = down ? furthest[middle + k + 1]! : furthest[middle + k - 1]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, rounds);
    }
  }
  return [...a.map(line => ({ sign: '-', line }) as const), ...b.map(line => ({ sign: '+', line }) as const)];
}

/** Whether the furthest path on diagonal `k` comes from an insertion (else from a deletion). */
const isDown = (furthest: Int32Array, middle: number, k: number, changes: number) =>
  k === -changes || (k !== changes && furthest[middle + k - 1]! < furthest[middle + k + 1]!);

function walkBack(a: readonly string[], b: readonly string[], rounds: readonly Int32Array[]): Step[] {
  const steps: Step[] = [];
  let x = a.length;
  let y = b.length;
  for (let changes = rounds.length - 1; changes >= 0; changes--) {
    const furthest = rounds[changes]!;
    const middle = changes + 1;
    const k = x - y;
    const down = isDown(furthest, middle, k, changes);
    const fromK = down ? k + 1 : k - 1;
    const fromX = changes === 0 ? 0 : furthest[middle + fromK]!;
    const fromY = changes === 0 ? 0 : fromX - fromK;
    for (; x > fromX && y > fromY; y--) steps.push({ sign: ' ', line: a[--x]! });
    if (changes > 0) steps.push(down ? { sign: '+', line: b[fromY]! } : { sign: '-', line: a[fromX]! });
    [x, y] = [fromX, fromY];
  }
  return steps.reverse();
}

/** Cuts the steps into hunks, each with a few lines around its changes. */
function hunksOf(steps: readonly Step[]): string[] {
  const changed = steps.flatMap(({ sign }, index) => (sign === ' ' ? [] : [index]));
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  let at = 0;
  for (let first = 0; first < changed.length; ) {
    let last = first;
    while (last + 1 < changed.length && changed[last + 1]! - changed[last]! <= 2 * CONTEXT_LINES) last++;
    const from = Math.max(changed[first]! - CONTEXT_LINES, 0);
    const to = Math.min(changed[last]! + CONTEXT_LINES + 1, steps.length);
    [oldLine, newLine] = [oldLine + from - at, newLine + from - at];
    const part = steps.slice(from, to);
    const olds = part.filter(({ sign }) => sign !== '+').length;
    const news = part.filter(({ sign }) => sign !== '-').length;
    hunks.push(`@@ -${rangeOf(oldLine, olds)} +${rangeOf(newLine, news)} @@\n${part.map(written).join('')}`);
    [oldLine, newLine, at, first] = [oldLine + olds, newLine + news, to, last + 1];
  }
  return hunks;
}

/** An empty range is told by the line before it. */
const rangeOf = (line: number, count: number) => (count === 0 ? `${line - 1},0` : `${line},${count}`);

const written = ({ sign, line }: Step) =>
  line.endsWith('\n') ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`;
