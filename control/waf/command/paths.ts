/** Many paths as few: what an exclusion names instead of each of them. */

/** Beyond these, paths are told by the folder that they lie in. */
const MOST_PATHS = 3;

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/', path.length - 2) + 1) || '/';

/**
 * @param paths absolute ones
 * @returns at most three, each itself or the folder of several with its slash; undefined stands for all paths
 */
export function commonPaths(paths: ReadonlySet<string>): readonly (string | undefined)[] {
  let found = new Set(paths);
  while (found.size > MOST_PATHS) {
    // Deepest ones first, so that `/a/1/x`, `/a/2/x` become `/a/` before anything above it is given away.
    const depth = Math.max(...[...found].map(depthOf));
    const next = new Set([...found].map(path => (depthOf(path) === depth ? parentOf(path) : path)));
    if (next.has('/')) return [undefined];
    found = next;
  }
  return [...found].filter(
    path => ![...found].some(other => other !== path && other.endsWith('/') && path.startsWith(other)),
  );
}

const depthOf = (path: string): number => path.replace(/\/$/, '').split('/').length;
