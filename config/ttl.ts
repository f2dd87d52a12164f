/** How long resolvers may remember a record. */
import { ArgumentFault } from './argument.ts';

/** RFC 2181 §8 */
const MOST_S = 2 ** 31 - 1;

/** @throws {ArgumentFault} */
export function ttlSeconds(ms: number): number {
  const seconds = Math.trunc(ms / 1000);
  if (seconds > MOST_S) throw new ArgumentFault(`a TTL has ${MOST_S} seconds at most`);
  return seconds;
}
