/** Run in a namespace: puts a fence around addresses, and does as it is told by lines. Arguments: the interface, the addresses. */
import { createInterface } from 'node:readline';
import { Fence } from '../../../cluster/fence/fence.ts';
import { addressBytes } from '../../../kit/address-bytes.ts';
import { monotonicMs } from '../../../kit/monotonic.ts';
import { listLinks } from '../../../native/netlink.ts';

const LONG_MS = 3_600_000;
/** Time enough to be stopped before. */
const SOON_MS = 300;

const [name, ...addresses] = process.argv.slice(2);
const fence = new Fence();
fence.allow(monotonicMs() + LONG_MS);
fence.cover(
  addresses.map(addressBytes),
  listLinks().filter(link => link.name === name),
);
process.stdout.write('open\n');

createInterface(process.stdin).on('line', line => {
  if (line === 'end') {
    fence.close();
    process.exit(0);
  }
  fence.allow(monotonicMs() + SOON_MS, LONG_MS);
  process.stdout.write('closes soon\n');
});
