/** `split_clients`: values in shares, by the hash of a text. */
import type { UserVariable } from '#model/l7/variable.ts';
import { keptOnce } from './keep.ts';
import { murmurHash2 } from './murmur.ts';
import type { Getter, VariableSpace } from './space.ts';

type SplitVariable = Extract<UserVariable, { kind: 'split' }>;

const MOST = 0xffffffff;
const ALL_SHARES = 10_000;

export function splitGetter({ source, parts }: SplitVariable, slot: number, space: VariableSpace): Getter {
  const text = space.text(source);
  let below = 0;
  // As nginx reckons: each share is rounded down on its own, and the last hash of all is in none.
  const ends = parts.map(({ share }) =>
    share === undefined ? Infinity : (below += Math.floor((share * MOST) / ALL_SHARES)),
  );
  const values = parts.map(({ value }) => value);
  return keptOnce(exchange => {
    const hash = murmurHash2(text(exchange));
    for (let at = 0; at < ends.length; at++) if (hash < ends[at]!) return values[at]!;
    return '';
  }, slot);
}
