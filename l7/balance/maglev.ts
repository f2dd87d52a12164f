/** The member that holds the key's place in a Maglev table: even shares, and few keys move when members come or go. */
import { hash as digest } from 'node:crypto';
import { type BalancerMaker, NOBODY } from './balancer.ts';
import { crc32 } from './crc32.ts';
import type { Group } from './group.ts';

/** A prime, far above the number of members: shares differ by less than 1 %. */
const SIZE = 65_537;
/** From the place of a member out of use the search goes on in the table at most this far. */
const MOST_STEPS = 200;

/**
 * `balance maglev`. Places are filled from the members' names and weights alone, so every moat with the same pool agrees.
 * The table (256 KiB) is made at the first choice, in some 5 ms; then a choice is O(1).
 *
 * @see Eisenbud et al., "Maglev", NSDI 2016, section 3.4
 */
export const maglev: BalancerMaker = group => {
  let table: Int32Array | undefined;
  return {
    pick(ask) {
      if (group.size < 2 || ask.key === '') return group.nextTurn(ask);
      table ??= fillTable(group);
      const from = scatter(crc32(ask.key)) % SIZE;
      for (let step = 0; step < MOST_STEPS; step++) {
        const index = table[(from + step) % SIZE]!;
        if (group.usable(index, ask)) return index;
      }
      return group.nextTurn(ask);
    },
  };
};

/** Spreads a checksum: those of similar keys differ in few bits. The finish of MurmurHash3. */
function scatter(crc: number): number {
  let mixed = Math.imul(crc ^ (crc >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Members in turn take their next free place; one of half the greatest weight does so every second round. */
function fillTable(group: Group): Int32Array {
  const table = new Int32Array(SIZE).fill(NOBODY);
  const seekers = group.members.slice(group.first, group.end).map(({ index, model }) => {
    const bytes = digest('sha256', `${model.name}\0${model.host}`, 'buffer');
    const [at, skip] = [bytes.readUInt32LE(0) % SIZE, 1 + (bytes.readUInt32LE(4) % (SIZE - 1))];
    return { index, weight: model.weight, due: 0, at, skip };
  });
  const most = Math.max(...seekers.map(seeker => seeker.weight));
  for (let filled = 0; ; ) {
    for (const seeker of seekers) {
      seeker.due += seeker.weight;
      if (seeker.due < most) continue;
      seeker.due -= most;
      while (table[seeker.at] !== NOBODY) seeker.at = (seeker.at + seeker.skip) % SIZE;
      table[seeker.at] = seeker.index;
      if (++filled === SIZE) return table;
    }
  }
}
