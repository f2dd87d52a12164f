/** What the worker threads of a process share: zones of memory, made by its main thread for each revision. */
import type { HttpModel } from '#model/l7/http.ts';

/** Crosses to the threads by postMessage: SharedArrayBuffers and plain data. */
export type SharedState = Readonly<Record<string, never>>;

/** @param _before that of the revision in force: what it counts goes on in the next one */
export const createSharedState = (
  _model: HttpModel,
  _workers: number,
  _before: SharedState | undefined,
): SharedState => ({});
