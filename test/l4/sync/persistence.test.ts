/** Clients that persist find the real server that they had before, whichever director has the addresses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { labMissing, until } from '../../lab/lab.ts';
import { programMissing } from '../program.ts';
import { PORT, SyncPair, VIPS } from './pair.ts';

const skip = programMissing() || labMissing();
/** By turns it would take a chance of one in 4096 to find them all by luck. */
const CLIENTS = Array.from({ length: 12 }, (_, at) => `10.8.0.${50 + at}`);

/** A new connection of each client, closed again. @returns at which real server each was */
async function knock(pair: SyncPair): Promise<Record<string, number>> {
  const child = pair.client.start(
    process.execPath,
    join(import.meta.dirname, 'knock.ts'),
    VIPS[0]!,
    `${PORT}`,
    ...CLIENTS,
  );
  child.stderr!.pipe(process.stderr);
  await once(child.stdout!, 'data');
  const found: Record<string, number> = {};
  pair.reals.forEach((real, at) => {
    const shown = real.do(`ss -Htn state established sport = :${PORT}`);
    for (const client of CLIENTS)
      if (shown.includes(`${client}]:`) || shown.includes(`${client}:`)) found[client] = at;
  });
  const ended = once(child, 'exit');
  child.stdin!.end();
  await ended;
  return found;
}

describe('flow sync: clients that persist', { skip }, () => {
  test('their real servers stay theirs when a director dies, and when it comes back', async () => {
    await using pair = new SyncPair({ mode: 'dr', scheduler: 'mh', tcp: 'persistence 10m;' });
    for (const client of CLIENTS) pair.client.do(`ip address add ${client}/24 dev eth0`);
    await pair.serve();
    // Of the real servers that stand there in the end, mh alone would give some clients another one.
    const alone = (text: string) => text.replaceAll(/(real_server \S+12\]?:\d+);/g, '$1 weight=0;');
    await pair.start(1, alone);
    await pair.start(0, alone);
    await pair.isInStep(1);
    await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses');
    const first = await knock(pair);
    assert.deepEqual(Object.keys(first).length, CLIENTS.length);
    assert.deepEqual(new Set(Object.values(first)), new Set([0]));
    for (const at of [1, 0] as const) await pair.directors[at].reload(pair.text(at));
    await pair.isInStep(1);
    await until(
      async () => (await pair.directors[1].figures()).services[0]!.reals.every(({ weight }) => weight === 1),
      'both real servers to take clients',
    );

    pair.kill(0);
    await until(() => pair.holds(1), 'the second director to have the addresses');
    assert.deepEqual(await knock(pair), first);

    pair.revive(0);
    await pair.start(0);
    await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses again');
    assert.deepEqual(await knock(pair), first);
  });
});
