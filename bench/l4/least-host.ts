/** Puts the least that a director can do on an interface, for two ports, or takes it off. usage: least-host.ts INTERFACE [VIP TO_MAC OWN_MAC PORT ...] */
import { join } from 'node:path';
import { STRUCTS } from '../../l4/layout.ts';
import { endpointKey } from '../../l4/maps.ts';
import { encode } from '../../l4/struct.ts';
import { BpfMap, loadObject } from '../../native/bpf.ts';
import { attachTc, detachTc } from '../../native/bpf-attach.ts';

/** Unlike the director's own. */
const PRIORITY = 77;
const [name, address, to, own, ...ports] = process.argv.slice(2);
if (address === undefined) detachTc(name!, 'ingress', PRIORITY);
else {
  const { programs, maps } = loadObject(join(import.meta.dirname, '../../l4/build/least-tc.o'));
  const link = Uint8Array.from([...to!.split(':'), ...own!.split(':')], part => Number.parseInt(part, 16));
  for (const port of ports)
    new BpfMap(maps['least_hops']!).put(
      endpointKey({ address, port: Number(port), protocol: 6 }),
      encode(STRUCTS.hop, { link }),
    );
  attachTc(name!, 'ingress', programs['least']!, PRIORITY);
}
