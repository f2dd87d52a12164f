/** Parts of moat that many configurations do without: loaded when they are first asked for. */
import { createRequire } from 'node:module';

/**
 * Each module costs a start some 0.3 ms of processor time, and memory, in every process and thread.
 *
 * @param from `import.meta.url` of whoever asks
 * @param specifier of a module without a top-level `await`
 */
export function lazily<M>(from: string, specifier: string): () => M {
  let loaded: M | undefined;
  return () => (loaded ??= createRequire(from)(specifier) as M);
}
