/** Work that many may ask for at any moment, and that is never done twice at once. */

/** @returns does the work; whoever calls while it is under way gets what comes of that */
export function onceAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
