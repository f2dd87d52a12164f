/** Whether networks lie in one another. */
import { type Cidr, maskOf } from '#kit/cidr.ts';
import { IpReader } from '#kit/ip.ts';

/** Whether all of `inner` lies in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  const [a, b] = [new IpReader(), new IpReader()];
  if (!a.read(outer.address) || !b.read(inner.address)) return false;
  if (a.family !== b.family || outer.bits > inner.bits) return false;
  return [...a.words.subarray(0, a.family === 4 ? 1 : 4)].every(
    (word, at) => ((word ^ b.words[at]!) & maskOf(outer.bits, at)) === 0,
  );
}
