/** Run in a namespace: says at which time (ms of CLOCK_MONOTONIC) this host could speak as an address, or could no more. Arguments: the address. */

import { AddressSight } from '../../cluster/fence/address-sight.ts';
import { addressBytes } from '../../kit/address-bytes.ts';
import { monotonicMs } from '../../kit/monotonic.ts';
import { drainChanges, listenToChanges } from '../../native/netlink.ts';
import { setRealtime } from '../../native/realtime.ts';
import { watchFd } from '../../native/watch.ts';

const wanted = [addressBytes(process.argv[2]!)];
const sight = new AddressSight();
let before: boolean | undefined;
let closing: NodeJS.Timeout | undefined;

function look(): void {
  const { atMs, held, closesMs, closedMs } = sight.look(wanted);
  const [has = false] = held;
  // A fence closes at its moment, however late that is seen.
  if (has !== before) process.stdout.write(`${has ? atMs : (closedMs ?? atMs)} ${has ? 1 : 0}\n`);
  before = has;
  clearTimeout(closing);
  if (closesMs !== undefined) closing = setTimeout(look, Math.ceil(closesMs - monotonicMs()));
}

// Before those that it watches, so that it tells the time of a change and not of its turn.
setRealtime(60, 2_000_000);
const fd = listenToChanges();
watchFd(fd, () => {
  drainChanges(fd);
  look();
});
look();
