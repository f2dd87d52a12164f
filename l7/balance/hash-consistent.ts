/** The member whose point on a ring comes next after the key's: few keys move when members come or go. */
import { type Ask, type BalancerMaker, MOST_ROUNDS, NOBODY } from './balancer.ts';
import { crc32, crc32OfUint32 } from './crc32.ts';
import type { Group } from './group.ts';

const POINTS_PER_WEIGHT = 160;
/** Points are sorted as hash × this + server: both fit into the 53 bits of a number. */
const SERVERS = 2 ** 21;

/**
 * nginx's `hash … consistent`, which is Cache::Memcached::Fast's with 160 ketama points for each unit of weight: a server's
 * points are chained checksums of its host, a zero byte, its port, and the point before. Who gets which key is the same as with nginx.
 * O(log points) a choice; the ring is made at the first one: 12 bytes for each point.
 */
export const hashConsistent: BalancerMaker = group => {
  let ring: Ring | undefined;
  return {
    pick(ask) {
      if (group.size < 2 || ask.key === '') return group.nextTurn(ask);
      ring ??= new Ring(group);
      const found = ring.pick(crc32(ask.key), ask);
      return found === NOBODY ? group.nextTurn(ask) : found;
    },
  };
};

class Ring {
  readonly #group: Group;
  /** Sorted, each but once. */
  readonly #hashes: Uint32Array;
  /** Beside each hash the server it belongs to. */
  readonly #servers: Uint32Array;
  /** The members of each server: several where a name resolved to several addresses. */
  readonly #members: readonly (readonly number[])[];

  constructor(group: Group) {
    this.#group = group;
    const indexes = Array.from({ length: group.size }, (_, at) => group.first + at);
    const byName = Map.groupBy(indexes, index => group.members[index]!.model.name);
    this.#members = [...byName.values()];
    const names = [...byName.keys()];
    const points = names.map((name, server) =>
      pointsOf(name, server, group.members[this.#members[server]![0]!]!.model.weight),
    );
    const sorted = distinct(Float64Array.from(points.flat()).sort());
    this.#hashes = Uint32Array.from(sorted, point => Math.floor(point / SERVERS));
    this.#servers = Uint32Array.from(sorted, point => point % SERVERS);
  }

  pick(hash: number, ask: Ask): number {
    const count = this.#hashes.length;
    let at = this.#next(hash);
    for (let round = 0; round <= MOST_ROUNDS; round++, at++) {
      const members = this.#members[this.#servers[at % count]!]!;
      const only = members[0]!;
      const found =
        members.length > 1 ? this.#turn(members, ask) : this.#group.usable(only, ask) ? only : NOBODY;
      if (found !== NOBODY) return found;
    }
    return NOBODY;
  }

  /** The first point at or after the hash; past the last one it is the count of points. */
  #next(hash: number): number {
    let low = 0;
    let high = this.#hashes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#hashes[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Addresses of one name take turns. */
  #turn(members: readonly number[], ask: Ask): number {
    const { currentWeight } = this.#group.peers;
    let best = NOBODY;
    let total = 0;
    for (let at = 0; at < members.length; at++) {
      const index = members[at]!;
      if (!this.#group.usable(index, ask)) continue;
      const gain = this.#group.turnWeight(index, ask.nowMs);
      currentWeight[index] = currentWeight[index]! + gain;
      total += gain;
      if (best === NOBODY || currentWeight[index]! > currentWeight[best]!) best = index;
    }
    if (best !== NOBODY) currentWeight[best] = currentWeight[best]! - total;
    return best;
  }
}

/** The points of a server, each as hash × SERVERS + server. */
function pointsOf(name: string, server: number, weight: number): number[] {
  const unix = /^unix:/i.test(name);
  const [, host = '', port = ''] = unix ? [name, name.slice(5)] : (/^(.*?)(?::(\d*))?$/s.exec(name) ?? []);
  const base = crc32(`${host}\0${port}`);
  const points: number[] = [];
  let before = 0;
  for (let at = 0; at < weight * POINTS_PER_WEIGHT; at++) {
    before = crc32OfUint32(before, base);
    points.push(before * SERVERS + server);
  }
  return points;
}

/** Of points with the same hash the first is kept. */
function distinct(sorted: Float64Array): Float64Array {
  return sorted.filter(
    (point, at) => at === 0 || Math.floor(point / SERVERS) !== Math.floor(sorted[at - 1]! / SERVERS),
  );
}
