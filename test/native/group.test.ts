/** Raw sockets with groups, watched descriptors, word of changes, frames: what comes in is told whole, and what is wrong by name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { groupReceive, groupSend, groupSocket } from '../../native/group.ts';
import { linkSend, linkSocket } from '../../native/link.ts';
import { addAddress, drainChanges, listenToChanges, listLinks, removeAddress } from '../../native/netlink.ts';
import { closeFd } from '../../native/socket.ts';
import { watchFd } from '../../native/watch.ts';
import { flagsOf } from './outside.ts';

const skip = process.geteuid?.() === 0 ? false : 'needs CAP_NET_RAW';
/** For experiments (RFC 3692). */
const PROTOCOL = 253;
const LOOPBACK = { 4: Uint8Array.of(127, 0, 0, 1), 6: Uint8Array.of(...Array(15).fill(0), 1) };
const GROUP = { 4: Uint8Array.of(224, 0, 0, 18), 6: Uint8Array.of(0xff, 2, ...Array(13).fill(0), 0x12) };
const indexOfLo = () => listLinks().find(({ name }) => name === 'lo')!.index;

/** What comes in next; the watch wakes us. */
function nextOf(fd: number, buffer: Uint8Array) {
  return new Promise<NonNullable<ReturnType<typeof groupReceive>>>(done => {
    const end = watchFd(fd, () => {
      const got = groupReceive(fd, buffer);
      if (!got) return;
      end();
      done(got);
    });
  });
}

for (const family of [4, 6] as const)
  test(`groupSocket: a message of IPv${family} comes with its sender, its destination and its hops`, {
    skip,
  }, async () => {
    const index = indexOfLo();
    const fd = groupSocket({ family, protocol: PROTOCOL, index, group: GROUP[family] });
    try {
      assert.deepEqual(flagsOf(fd), { nonBlocking: true, closeOnExec: true });
      const buffer = new Uint8Array(256);
      assert.equal(groupReceive(fd, buffer), undefined);
      const next = nextOf(fd, buffer);
      groupSend(fd, LOOPBACK[family], LOOPBACK[family], index, Uint8Array.of(1, 2, 3, 4, 5));
      const { offset, length, source, destination, hops, index: by } = await next;
      assert.deepEqual([...buffer.subarray(offset, offset + length)], [1, 2, 3, 4, 5]);
      assert.deepEqual([...source], [...LOOPBACK[family]]);
      assert.deepEqual([...destination], [...LOOPBACK[family]]);
      assert.equal(hops, 255);
      assert.equal(by, index);
    } finally {
      closeFd(fd);
    }
  });

test('groupSocket: what is wrong is told', { skip }, () => {
  assert.throws(() => groupSocket({ family: 4, protocol: PROTOCOL, index: 999_999, group: GROUP[4] }), {
    code: 'ENODEV',
  });
  assert.throws(() => groupSocket({ family: 4, protocol: PROTOCOL, index: 0, group: GROUP[6] }), TypeError);
  assert.throws(() => groupSocket({ family: 4, protocol: 0, index: 0 }), TypeError);
  const fd = groupSocket({ family: 4, protocol: PROTOCOL, index: 0 });
  try {
    const bytes = new Uint8Array(8);
    assert.throws(() => groupSend(fd, LOOPBACK[4], LOOPBACK[6], 1, bytes), TypeError);
    assert.throws(() => groupSend(fd, Uint8Array.of(1, 2, 3), LOOPBACK[4], 1, bytes), TypeError);
    // An address that is not ours cannot be the source.
    assert.throws(() => groupSend(fd, LOOPBACK[4], Uint8Array.of(192, 0, 2, 77), indexOfLo(), bytes), {
      code: 'ENETUNREACH',
    });
  } finally {
    closeFd(fd);
  }
  assert.throws(() => groupReceive(fd, new Uint8Array(8)), { code: 'EBADF' });
});

test('watchFd: what is wrong is told, and an ended watch calls nobody', { skip }, async () => {
  const fd = groupSocket({ family: 4, protocol: PROTOCOL, index: 0 });
  let calls = 0;
  const end = watchFd(fd, () => calls++);
  end();
  groupSend(fd, LOOPBACK[4], LOOPBACK[4], indexOfLo(), Uint8Array.of(1));
  await new Promise(setImmediate);
  assert.equal(calls, 0);
  assert.throws(end, TypeError);
  closeFd(fd);
});

test('listenToChanges: an address that comes is told', { skip }, async () => {
  const address = Uint8Array.of(127, 77, 1, 1);
  const fd = listenToChanges();
  const told = new Promise<void>(done => {
    const end = watchFd(fd, () => {
      drainChanges(fd);
      end();
      done();
    });
  });
  addAddress(indexOfLo(), address, '127.77.1.1', { prefixBits: 16, label: 'lo:moat' });
  const shown = spawnSync('ip', ['-4', 'address', 'show', 'dev', 'lo'], { encoding: 'utf8' }).stdout;
  removeAddress(indexOfLo(), address, '127.77.1.1', { prefixBits: 16 });
  await told;
  closeFd(fd);
  assert.match(shown, /127\.77\.1\.1\/16 .*lo:moat/);
});

test('linkSend: a frame goes out, or the interface is told', { skip }, () => {
  const fd = linkSocket();
  try {
    linkSend(fd, indexOfLo(), new Uint8Array(60));
    assert.throws(() => linkSend(fd, 999_999, new Uint8Array(60)), { code: 'ENXIO' });
  } finally {
    closeFd(fd);
  }
});
