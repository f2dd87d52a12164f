/** Ranges of numbers laid over each other: what shows in the end, from the lowest up. */

/** From one number to another, both included. */
export interface Span<V> {
  readonly from: bigint;
  readonly to: bigint;
  readonly value: V;
}

/** The value from this number up to where the next one begins; undefined where no span lies. */
export interface Painted<V> {
  readonly from: bigint;
  readonly value: V | undefined;
}

/**
 * Sweeps over the edges of all spans, and takes at each the latest of those that are open. O(n log n).
 *
 * @param spans where they overlap, the later one shows
 */
export function paint<V>(spans: readonly Span<V>[]): Painted<V>[] {
  const opens = spans.map((_, at) => at).sort((a, b) => compare(spans[a]!.from, spans[b]!.from));
  const edges = [...new Set(spans.flatMap(({ from, to }) => [from, to + 1n]))].sort(compare);
  const open = new Latest();
  const painted: Painted<V>[] = [];
  let next = 0;
  for (const edge of edges) {
    for (; next < opens.length && spans[opens[next]!]!.from === edge; next++) open.push(opens[next]!);
    while (open.top !== undefined && spans[open.top]!.to < edge) open.pop();
    const value = open.top === undefined ? undefined : spans[open.top]!.value;
    if (painted.at(-1)?.value !== value || painted.length === 0) painted.push({ from: edge, value });
  }
  return painted;
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** A heap of indexes, the highest on top. */
class Latest {
  readonly #heap: number[] = [];

  get top(): number | undefined {
    return this.#heap[0];
  }

  push(index: number): void {
    const heap = this.#heap;
    let at = heap.push(index) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]! >= index) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = index;
  }

  pop(): void {
    const heap = this.#heap;
    const index = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]! > heap[below]!) below++;
      if (heap[below]! <= index) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = index;
  }
}
