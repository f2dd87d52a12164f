/** A process that is watched dies, or ends in order: what was to be done is done, or is not. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { groupReceive, groupSocket } from '../../native/group.ts';
import { holdLife, makeLife, WatchedLife, type WillStep } from '../../native/life.ts';
import { addAddress, listAddresses, listLinks, removalOf, removeAddress } from '../../native/netlink.ts';
import { closeFd } from '../../native/socket.ts';

const skip = process.geteuid?.() === 0 ? false : 'needs CAP_NET_ADMIN and CAP_NET_RAW';
/** For experiments (RFC 3692). */
const PROTOCOL = 253;
const LOOPBACK = { 4: Uint8Array.of(127, 0, 0, 1), 6: Uint8Array.of(...Array(15).fill(0), 1) };
const GONE = -99;

/** A child that holds a life, and leaves it when it is told something. */
async function holder(fd: number, t: TestContext): Promise<ChildProcess> {
  const program = `
    import { holdLife, leaveLife } from './native/life.ts';
    holdLife(4);
    process.on('message', () => { leaveLife(); process.exit(0); });
    process.send('held');`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

const indexOfLo = () => listLinks().find(({ name }) => name === 'lo')!.index;
const has = (address: Uint8Array) => listAddresses().some(own => Buffer.compare(own.address, address) === 0);

function letter(family: 4 | 6, byte: number): WillStep {
  const at = LOOPBACK[family];
  return {
    message: Uint8Array.of(byte),
    protocol: PROTOCOL,
    destination: at,
    source: at,
    index: indexOfLo(),
  };
}

for (const family of [4, 6] as const)
  test(`a process is killed: addresses go and messages of IPv${family} are sent, each whatever came of the others`, {
    skip,
  }, async t => {
    const address = Uint8Array.of(127, 77, 31, family);
    const fd = makeLife();
    const ears = groupSocket({ family, protocol: PROTOCOL, index: indexOfLo() });
    t.after(() => [fd, ears].forEach(closeFd));
    addAddress(indexOfLo(), address, 'one of the test');
    const child = await holder(fd, t);
    const watched = new WatchedLife(fd, 1);
    watched.will([letter(family, 1)]);
    const removal = { message: removalOf(indexOfLo(), address) };
    watched.will([removal, removal, letter(family, 2)]);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    assert.deepEqual(watched.end(), [0, GONE, 0]);
    assert.equal(has(address), false);
    const buffer = new Uint8Array(64);
    const heard = groupReceive(ears, buffer);
    assert.ok(heard);
    assert.deepEqual([...buffer.subarray(heard.offset, heard.offset + heard.length)], [2]);
    assert.equal(heard.hops, 255);
    assert.equal(groupReceive(ears, buffer), undefined);
  });

test('a process that leaves its life, and ends: nothing is done', { skip }, async t => {
  const address = Uint8Array.of(127, 77, 31, 9);
  const fd = makeLife();
  t.after(() => closeFd(fd));
  addAddress(indexOfLo(), address, 'one of the test');
  const child = await holder(fd, t);
  const watched = new WatchedLife(fd, 0);
  watched.will([{ message: removalOf(indexOfLo(), address) }]);
  const gone = once(child, 'exit');
  child.send('leave');
  await gone;
  assert.equal(watched.end(), undefined);
  assert.equal(has(address), true);
  removeAddress(indexOfLo(), address, 'one of the test');
});

test('what is held cannot be held again, and a step that is none is refused', { skip }, async t => {
  const fd = makeLife();
  t.after(() => closeFd(fd));
  const child = await holder(fd, t);
  assert.throws(() => holdLife(fd), { code: 'EBUSY' });
  const watched = new WatchedLife(fd, 0);
  assert.throws(() => watched.will([{ message: new Uint8Array(0) }]), /message must not be empty/);
  const source = Uint8Array.of(1, 2, 3);
  assert.throws(
    () => watched.will([{ ...letter(4, 1), source } as WillStep]),
    /source must have 4 or 16 bytes/,
  );
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  assert.deepEqual(watched.end(), []);
});
