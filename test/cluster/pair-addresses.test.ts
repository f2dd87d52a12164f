/** Two nodes of moat: the addresses themselves, how they are announced, and what becomes of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../kit/monotonic.ts';
import { labMissing, until } from '../lab/lab.ts';
import { bothOf, WHILE_MS } from './both-of.ts';
import { newPair } from './new-pair.ts';
import { assertSole } from './owner.ts';
import { V3 } from './pair.ts';

const skip = labMissing();
const AT_ONCE = 2;
const NEIGHBOUR = fileURLToPath(new URL('../../cluster/witness/neighbour.ts', import.meta.url));

describe('addresses of two nodes of moat', { skip, concurrency: AT_ONCE }, () => {
  test('address_lease: while moat lives the address is renewed; off, it outlives moat', async t => {
    const pair = newPair(V3, t);
    const [a] = pair.owners;
    const moat = pair.moat('priority 150; advert_interval 100ms;').start();
    await a.becomes(true);
    await assertSole(a, [], 4000); // two leases
    moat.reconfigure(text => text.replace('priority 150;', 'priority 150; address_lease off;'));
    moat.reload();
    await moat.says(/configuration 2 is in force/);
    assert.match(pair.hosts[0].do('ip address show dev eth0'), /10\.77\.0\.100.*\n +valid_lft forever/);
    await moat.crash();
    await assertSole(a, [], 4000);
  });

  test('an IPv6 address is no source of connections that this host begins', async t => {
    const pair = newPair({ version: 3, family: 6, unicast: false }, t);
    pair.moat('priority 150; advert_interval 100ms;').start();
    await pair.owners[0].becomes(true);
    const shown = pair.hosts[0].do('ip -6 address show dev eth0 to 2001:db8:77::100');
    assert.match(shown, /deprecated/);
    // Of the two the virtual one has more bits in common with the other host's.
    pair.hosts[1].do('ip address add 2001:db8:77::101/64 dev eth0 nodad');
    assert.match(pair.hosts[0].do('ip -6 route get 2001:db8:77::101'), / src 2001:db8:77::1 /);
  });

  test('an address that somebody takes away is put back', async t => {
    const pair = newPair(V3, t);
    const { above } = await bothOf(pair);
    const sinceMs = monotonicMs();
    pair.hosts[0].do('ip address delete 10.77.0.100/24 dev eth0');
    await above.says(/somebody took its addresses away: they are put back/);
    await pair.owners[0].becomes(true);
    pair.owners[1].assertSteady(false, sinceMs);
  });

  test('announcements: gratuitous ARP as keepalived sends it', async t => {
    const pair = newPair(V3, t);
    const capture = await pair.hosts[1].capture('eth0', 'arp');
    pair.moat('priority 150; advert_interval 100ms; announce repeat=3 delay=200ms;').start();
    await pair.owners[0].becomes(true);
    await until(
      () =>
        capture.lines.filter(line => /Request who-has 10\.77\.0\.100.* tell 10\.77\.0\.100/.test(line))
          .length >= 6,
      'six gratuitous ARP requests',
    );
  });

  test('announcements: unsolicited neighbour advertisements', async t => {
    const pair = newPair({ version: 3, family: 6, unicast: false }, t);
    const capture = await pair.hosts[1].capture('eth0', 'icmp6');
    pair.moat('priority 150; advert_interval 100ms; announce repeat=3 delay=200ms;').start();
    await pair.owners[0].becomes(true);
    const told = /2001:db8:77::100 > ff02::1: .*neighbor advertisement/;
    await until(
      () => capture.lines.filter(line => told.test(line)).length >= 6,
      'six neighbour advertisements',
    );
  });

  test('accept off: the address is there, its neighbours know it, and it takes no packet', async t => {
    const pair = newPair(V3, t);
    pair.moat('priority 150; advert_interval 100ms; accept off;').start();
    await pair.owners[0].becomes(true);
    const { status } = await pair.hosts[1].run('ping', '-c1', '-W1', '10.77.0.100');
    assert.notEqual(status, 0);
    assert.match(pair.hosts[1].do('ip neigh show 10.77.0.100'), /lladdr/);
    assert.equal((await pair.hosts[1].run('ping', '-c1', '-W5', '10.77.0.1')).status, 0);
  });

  for (const [family, address] of [
    [4, '10.77.0.100'],
    [6, '2001:db8:77::100'],
  ] as const)
    test(`§6.4.2 backup: it answers for no virtual address of IPv${family}; §6.4.3 active: it does`, async t => {
      const pair = newPair({ version: 3, family, unicast: false }, t);
      await bothOf(pair);
      // The active node as the one who asks hears the backup alone, which must be silent, and the other way round.
      const asks = async (at: 0 | 1, forMs: number): Promise<boolean[]> => {
        const program = `
          import { neighbourAnswers, neighboursAt } from '${NEIGHBOUR}';
          const asked = neighboursAt('${address}').map(one => neighbourAnswers(one, ${forMs}));
          console.log(JSON.stringify(await Promise.all(asked)));`;
        const words = ['--input-type=module-typescript', '-e', program];
        const { stdout, stderr } = await pair.hosts[at].run(process.execPath, ...words);
        assert.notEqual(stdout, '', stderr);
        return JSON.parse(stdout);
      };
      assert.deepEqual(await asks(1, 10_000), [true]);
      assert.deepEqual(await asks(0, 1000), [false]);
    });

  test('two virtual routers of one interface: each node has one, and both when the other is gone', async t => {
    const pair = newPair(V3, t);
    const other = (priority: number) =>
      `vrrp_instance VI_2 { interface eth0; vrid 52; priority ${priority}; advert_interval 100ms; virtual_address 10.77.0.200/24; }`;
    pair.moat('priority 150; advert_interval 100ms;', { around: other(100) }).start();
    const second = pair.moat('priority 100; advert_interval 100ms;', { at: 1, around: other(150) }).start();
    const has = (at: 0 | 1) => pair.hosts[at].do('ip -4 address show dev eth0').includes('10.77.0.200');
    await pair.owners[0].becomes(true);
    await until(() => has(1) && !has(0), 'each node to have one');
    await second.end('SIGTERM');
    await until(() => has(0), 'the first node to have both');
    assert.ok(pair.owners[0].hasNow);
  });

  test('what an earlier life left is taken away at the start', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    pair.moat('priority 150; advert_interval 100ms;', { at: 1 }).start();
    await b.becomes(true);
    pair.hosts[0].do('ip address add 10.77.0.100/24 dev eth0');
    const below = pair.moat('priority 100; advert_interval 100ms;').start();
    await below.says(/10\.77\.0\.100\/24 was left here/);
    await a.becomes(false);
    await assertSole(b, [a], WHILE_MS);
  });
});
