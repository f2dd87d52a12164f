/** The table of flows under several processors: of those that bring the same new flow at once one makes its entry. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { REASONS } from '../../l4/layout.ts';
import { frame } from './packet.ts';
import { Program, programMissing } from './program.ts';
import type { RaceOrder } from './table-race.ts';

const FLOWS = 1500;
const THREADS = 2;
const VIP = '10.0.0.1';

const syn = (client: number): Uint8Array =>
  frame({
    source: `172.16.${client >> 8}.${client & 255}`,
    destination: VIP,
    body: { kind: 'tcp', ports: [1024, 80], flags: 'S', payload: 0 },
  });

async function race(fd: number, packets: readonly Uint8Array[]): Promise<void> {
  const ready = new Int32Array(new SharedArrayBuffer(4));
  const order: RaceOrder = { fd, packets, ready, threads: THREADS };
  const ends = Array.from({ length: THREADS }, () => {
    const thread = new Worker(join(import.meta.dirname, 'table-race.ts'), { workerData: order });
    return once(thread, 'exit');
  });
  assert.deepEqual(await Promise.all(ends), Array(THREADS).fill([0]));
}

for (const mode of ['dr', 'nat'] as const) {
  test(`${mode}: a flow that two processors bring at once has one entry`, {
    skip: programMissing(),
  }, async () => {
    const program = new Program('xdp');
    for (let id = 1; id <= 2; id++) program.real({ id, address: `10.1.0.${id}`, mode, interface: 1 });
    program.service(1, [{ address: VIP, port: 80, protocol: 6 }], [1, 2]);
    const before = program.counters()[REASONS.indexOf('new')]!;
    await race(
      program.fd,
      Array.from({ length: FLOWS }, (_, client) => syn(client)),
    );
    const keys = program.flows().map(({ key }) => Buffer.from(key).toString('hex'));
    assert.equal(new Set(keys).size, keys.length, 'no key stands there twice');
    const made = program.counters()[REASONS.indexOf('new')]! - before;
    assert.equal(keys.length, mode === 'nat' ? 2 * made : made);
    const counted = [1, 2].map(id => program.realState(id).inactive);
    assert.equal(counted[0]! + counted[1]!, made, 'each is counted once');
    // Whoever waits in vain for a bucket, whose holder has lost its processor, goes without.
    assert.ok(made <= FLOWS && made > FLOWS * 0.9, `${made} of ${FLOWS}`);
  });
}
