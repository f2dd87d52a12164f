/** What is forged, repeated, of another version or of nobody is counted and changes nothing; without the other director all goes on. */
import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Packet, seal, VERSION } from '../../../l4/sync/packet.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { programMissing } from '../program.ts';
import { Crowd, KEY, PATHS, SYNC_PORT, SyncPair } from './pair.ts';

const skip = programMissing() || labMissing();

const packet: Packet = {
  ...{ kind: 'data', from: '0123456789abcdef', to: 'fedcba9876543210', sequence: 7 },
  body: Buffer.alloc(200, 1),
};

test('flow sync: strangers to it are refused by reason; a peer of another version is told; traffic goes on', {
  skip,
}, async () => {
  await using pair = new SyncPair({ mode: 'nat' });
  await pair.serve();
  await pair.start(0);
  await until(() => pair.holds(0), 'the director to have the addresses');
  await until(async () => (await pair.sync(0))?.state === 'alone', 'the sync to be alone');
  const crowd = new Crowd(pair.client, 20);
  assert.equal((await crowd.answer()).open, 20);

  // The other node runs something else than moat, at the right address.
  const [local, peer] = PATHS[1];
  const good = createSecretKey(Buffer.from(KEY));
  const bad = createSecretKey(Buffer.from('the key of somebody else'));
  const send = async (from: string, ...datagrams: Buffer[]) => {
    const { status, stderr } = await pair.directors[1].host.run(
      process.execPath,
      join(import.meta.dirname, 'send.ts'),
      ...[
        from,
        String(SYNC_PORT),
        local,
        String(SYNC_PORT),
        ...datagrams.map(bytes => bytes.toString('hex')),
      ],
    );
    assert.equal(status, 0, stderr);
  };
  pair.directors[1].host.do(`ip address add 10.9.0.77/24 dev eth2`);
  await send('10.9.0.77', seal(packet, good));
  const forged = seal(packet, bad);
  await send(
    peer,
    forged,
    forged,
    Buffer.from('short'),
    Buffer.alloc(100, 2),
    seal(packet, good),
    seal(packet, good, VERSION + 1),
  );
  let refused: Partial<Record<string, number>> = {};
  await until(async () => {
    const figures = await pair.sync(0);
    refused = figures?.refused ?? {};
    return figures?.otherVersion === VERSION + 1;
  }, 'the other version to be told');
  assert.deepEqual(refused, { stranger: 1, forged: 2, truncated: 1, 'not-ours': 1, stale: 1, version: 1 });
  await until(
    () => new RegExp(`speaks version ${VERSION + 1}, this one ${VERSION}`).test(pair.directors[0].log),
    'the log to tell of the version',
  );
  assert.doesNotMatch(pair.directors[0].log, new RegExp(KEY));
  assert.match(
    await pair.directors[0].shown('list'),
    new RegExp(`Sync: alone.*the other one speaks version ${VERSION + 1}.*refused: stranger 1`, 's'),
  );
  await crowd.ask('mark');
  await until(async () => (await crowd.ask('report')).silent === 0, 'all connections to go on');
  assert.deepEqual((await crowd.ask('report')).lost, []);
});

test('flow sync: what was recorded on the wire and is sent again is refused, and puts nothing in', {
  skip,
}, async () => {
  await using pair = new SyncPair({ mode: 'nat' });
  await pair.serve();
  await pair.start(1);
  const [, path] = PATHS;
  const { host } = pair.directors[1];
  const dump = host.start(
    'tcpdump',
    '-U',
    '-w',
    join(pair.directors[1].dir, 'wire'),
    '-i',
    'eth2',
    `udp and src ${path[0]}`,
  );
  await new Promise(done => dump.stderr!.once('data', done));
  await pair.start(0);
  await pair.isInStep(1);
  await until(() => pair.holds(0), 'the director to have the addresses');
  const crowd = new Crowd(pair.client, 50);
  assert.equal((await crowd.answer()).open, 50);
  await until(async () => ((await pair.sync(1))?.imported.new ?? 0) >= 50, 'the flows to be known');
  dump.kill();
  const before = (await pair.sync(1))!;
  const attacker = pair.directors[0].host;
  const index = JSON.parse(attacker.do('ip -j link show eth2'))[0].ifindex;
  const { status, stderr } = await attacker.run(
    process.execPath,
    join(import.meta.dirname, 'replay.ts'),
    ...[join(pair.directors[1].dir, 'wire'), `${index}`],
  );
  assert.equal(status, 0, stderr);
  await until(
    async () => ((await pair.sync(1))?.refused.replayed ?? 0) > 5,
    'what is repeated to be counted',
  );
  const after = (await pair.sync(1))!;
  assert.equal(after.imported.new, before.imported.new);
  assert.equal(after.meetings, before.meetings);
  assert.equal(after.state, 'in-step');
});
