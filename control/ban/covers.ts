/** Whether networks lie in one another. */
import { type Cidr, toNetwork } from '#kit/cidr.ts';
import { IpReader } from '#kit/ip.ts';

/** Whether all of `inner` lies in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  const reader = new IpReader();
  if (outer.bits > inner.bits || !reader.read(inner.address)) return false;
  toNetwork(reader, outer.bits);
  return reader.format() === outer.address;
}
