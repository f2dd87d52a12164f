/** What the worker threads of a process share: the zones that a configuration asks for. */
import type { HttpModel } from '#model/l7/http.ts';
import type { ZoneWish } from './zone/wish.ts';

/** The zones of a configuration; asking twice for the same is no fault. */
export function wishesOf(_model: HttpModel): ZoneWish[] {
  return [];
}

/** Places for threads in shared memory: those of a retired worker stay taken until it has finished what it serves. */
export const placesFor = (workers: number): number => Math.max(4, workers * 2);
