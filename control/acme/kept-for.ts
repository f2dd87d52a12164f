/** Questions that many have at once. */

/** What was asked a moment ago is not asked again. */
export function keptFor<T>(freshMs: number, ask: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined;
  let keptMs = 0;
  return () => {
    const nowMs = performance.now();
    if (kept && nowMs - keptMs < freshMs) return kept;
    keptMs = nowMs;
    kept = ask();
    return kept;
  };
}
