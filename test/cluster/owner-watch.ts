/** Run in a namespace: says at which time (ms of CLOCK_MONOTONIC) an address came to this host, or went. Arguments: the address. */

import { addressBytes, sameAddress } from '../../kit/address-bytes.ts';
import { monotonicMs } from '../../kit/monotonic.ts';
import { drainChanges, listAddresses, listenToChanges } from '../../native/netlink.ts';
import { setRealtime } from '../../native/realtime.ts';
import { watchFd } from '../../native/watch.ts';

const address = addressBytes(process.argv[2]!);
let before: boolean | undefined;

function look(): void {
  const has = listAddresses().some(own => sameAddress(own.address, address));
  if (has !== before) process.stdout.write(`${monotonicMs()} ${has ? 1 : 0}\n`);
  before = has;
}

// Before those that it watches, so that it tells the time of a change and not of its turn.
setRealtime(60, 2_000_000);
const fd = listenToChanges();
watchFd(fd, () => {
  drainChanges(fd);
  look();
});
look();
