/** The member that the key hashes to. */
import { type BalancerMaker, MOST_ROUNDS } from './balancer.ts';
import { crc32 } from './crc32.ts';
import { Shares } from './shares.ts';

/** Where the checksum of a round begins: that of its number, written out; the first round has none. */
const SEEDS = Array.from({ length: MOST_ROUNDS + 1 }, (_, round) => (round === 0 ? 0 : crc32(String(round))));

/**
 * nginx's `hash`, which is Cache::Memcached's: 15 bits of the key's CRC-32 pick a point on the line of weights; each
 * round that meets a member out of use adds 15 bits of a checksum of round and key. Who gets which key is the same as with nginx.
 * After 21 rounds, without a key, or with a single member, turns decide. O(log members) a round.
 */
export const hash: BalancerMaker = group => {
  const shares = new Shares(group);
  return {
    pick(ask) {
      if (group.size < 2 || ask.key === '') return group.nextTurn(ask);
      let sum = 0;
      for (let round = 0; round <= MOST_ROUNDS; round++) {
        sum += (crc32(ask.key, SEEDS[round]) >>> 16) & 0x7fff;
        const index = shares.at(sum % group.totalWeight);
        if (group.usable(index, ask)) return index;
      }
      return group.nextTurn(ask);
    },
  };
};
