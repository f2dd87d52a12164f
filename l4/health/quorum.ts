/** Whether enough weight lives, with a band in which nothing changes. Pure. */
import type { QuorumModel } from '#model/l4/virtual-server.ts';

/**
 * As keepalived: gained at weight + hysteresis, lost below weight - hysteresis and when nothing lives.
 *
 * @param held whether it was held before; undefined at the start, when the band does not count
 */
export function holdsQuorum(
  held: boolean | undefined,
  living: number,
  { weight, hysteresis }: QuorumModel,
): boolean {
  if (held === undefined) return living >= weight;
  return held ? living > 0 && living >= weight - hysteresis : living >= weight + hysteresis;
}
