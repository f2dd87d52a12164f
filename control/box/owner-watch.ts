/** Run in a node's namespace: tells which of some addresses the kernel has there and lets speak, at each change, and answers when all until now is told. Argument: the addresses, as JSON. */

import { AddressSight } from '#cluster';
import { addressBytes } from '#kit/address-bytes.ts';
import { monotonicMs } from '#kit/monotonic.ts';
import { drainChanges, listenToChanges } from '#native/netlink.ts';
import { setRealtime } from '#native/realtime.ts';
import { watchFd } from '#native/watch.ts';
import { ALL_TOLD, type Sight } from './owner-sight.ts';

/** Above those that are watched, so that it tells the time of a change and not of its turn. */
const PRIORITY = 60;
const RUNTIME_LIMIT_US = 2_000_000;
/** It looks without a change, too: what was there is known up to the last look. */
const LOOK_MS = 10;

const addresses: readonly string[] = JSON.parse(process.argv[2] ?? '');
const wanted = addresses.map(addressBytes);
const seen = new AddressSight();
let before: string | undefined;
let closing: NodeJS.Timeout | undefined;
let beforeMs = monotonicMs();

function sight(): Sight {
  const { atMs, held, closesMs } = seen.look(wanted);
  if (closesMs !== undefined) lookAt(closesMs);
  return { atMs, beforeMs, held: addresses.filter((_, at) => held[at]) };
}

/** A fence that closes is no change of addresses. */
function lookAt(closesMs: number): void {
  clearTimeout(closing);
  closing = setTimeout(look, Math.ceil(closesMs - monotonicMs()));
}

/** Most changes are renewals of what it has. */
function look(): void {
  const now = sight();
  const text = now.held.join();
  if (text !== before) process.send?.(now);
  before = text;
  beforeMs = now.atMs;
}

function beOnTime(): void {
  try {
    setRealtime(PRIORITY, RUNTIME_LIMIT_US);
  } catch {
    // A container may not allow it: then times are a little later on a busy machine.
  }
}

beOnTime();
const fd = listenToChanges();
watchFd(fd, () => {
  drainChanges(fd);
  look();
});
look();
setInterval(look, LOOK_MS);
process.on('message', () => {
  look();
  process.send?.(ALL_TOLD);
});
process.on('disconnect', () => process.exit(0));
