/** Puts an XDP program that passes everything on interfaces of a host of the lab. usage: xdp-peer.ts INTERFACE ... */
import { join } from 'node:path';
import { closeObject, loadObject } from '../../native/bpf.ts';
import { attachXdp } from '../../native/bpf-attach.ts';

const object = loadObject(join(import.meta.dirname, '../../l4/build/empty.o'));
for (const name of process.argv.slice(2)) attachXdp(name, object.programs['empty_xdp']!, 'driver');
closeObject(object);
