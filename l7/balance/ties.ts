/** The choice of the least loaded, where equals take turns by their weights. */
import { type Ask, NOBODY } from './balancer.ts';
import type { Group } from './group.ts';

/**
 * The member with the smallest load for its weight; among several of them smooth weighted round robin decides.
 * Loads compare as `a.load * b.weight < b.load * a.weight`: exact for whole numbers, and no division. O(members).
 *
 * @param load of a member, 0 or more
 */
export function leastLoaded(group: Group, ask: Ask, load: (index: number) => number): number {
  const { nowMs } = ask;
  let best = NOBODY;
  let bestLoad = 0;
  let bestWeight = 1;
  let many = false;
  for (let index = group.first; index < group.end; index++) {
    if (!group.usable(index, ask)) continue;
    const weight = group.loadWeight(index, nowMs);
    const own = load(index);
    const difference = own * bestWeight - bestLoad * weight;
    if (best === NOBODY || difference < 0) {
      best = index;
      bestLoad = own;
      bestWeight = weight;
      many = false;
    } else if (difference === 0) many = true;
  }
  return many ? turnAmongEquals(group, ask, load, best, bestLoad, bestWeight) : best;
}

function turnAmongEquals(
  group: Group,
  ask: Ask,
  load: (index: number) => number,
  from: number,
  bestLoad: number,
  bestWeight: number,
): number {
  const { currentWeight, effectiveWeight, weight } = group.peers;
  let best = from;
  let total = 0;
  for (let index = from; index < group.end; index++) {
    if (!group.usable(index, ask)) continue;
    if (load(index) * bestWeight !== bestLoad * group.loadWeight(index, ask.nowMs)) continue;
    const gain = group.turnWeight(index, ask.nowMs);
    currentWeight[index] = currentWeight[index]! + gain;
    total += gain;
    if (effectiveWeight[index]! < weight[index]!) effectiveWeight[index] = effectiveWeight[index]! + 1;
    if (currentWeight[index]! > currentWeight[best]!) best = index;
  }
  currentWeight[best] = currentWeight[best]! - total;
  return best;
}
