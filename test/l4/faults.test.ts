/** What must not be noticed: the director's process killed, tables changed under load; and what must be: a real server that is gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labMissing, until } from '../lab/lab.ts';
import { download, requests } from '../lab/load.ts';
import { programMissing } from './program.ts';
import { Site, VIP4, VIP6 } from './site.ts';

const skip = programMissing() || labMissing('nginx', 'curl');

const URL = `http://${VIP4}`;

async function established(site: Site): Promise<void> {
  await until(async () => {
    const { flows } = await site.director.figures();
    return flows.some(({ state }) => state === 'established');
  }, 'a connection in the table');
}

for (const mode of ['dr', 'nat'] as const) {
  test(`${mode}: kill -9 of the director’s process loses nothing, and the next one takes its flows over`, {
    skip,
  }, async () => {
    await using site = new Site(2);
    if (mode === 'dr') site.holdAddresses();
    else site.routeBack();
    await site.serve();
    await site.start();
    const tables = site.tables(mode);
    await site.direct(tables);
    const load = requests(site.client, `${URL}/`);
    const long = download(site.client, `${URL}/big`);
    await established(site);
    const before = await site.director.figures();
    await site.director.kill();
    await site.get(VIP6, 3); // nobody is there
    await site.start();
    assert.equal(
      await site.director.ask({ do: 'tables', tables }),
      2,
      'both services were found in the maps',
    );
    await site.director.ask({ do: 'attach', interfaces: [{ interface: 'eth0', mode: 'tc' }] });
    const after = await site.director.figures();
    assert.ok(after.reasons.hit > before.reasons.hit, 'counters go on');
    await load.stop();
    assert.deepEqual(await long.end(), { status: 0, text: `200 ${4 << 20}` });
    const { reasons } = await site.director.figures();
    assert.equal(reasons.rst + reasons['rst-no-flow'] + reasons['no-service'] + reasons['no-server'], 0);
  });
}

test('tables changed a hundred times under load: no connection notices', { skip }, async () => {
  await using site = new Site(3);
  site.holdAddresses();
  await site.serve();
  await site.start();
  await site.direct(site.tables('dr'));
  const load = requests(site.client, `${URL}/`);
  const long = download(site.client, `${URL}/big`);
  await established(site);
  for (let turn = 0; turn < 100; turn++) {
    const reals = [0, 1, 2].map(at => (at === turn % 3 ? ({ intake: 'none', weight: 0 } as const) : {}));
    await site.director.ask({ do: 'tables', tables: site.tables('dr', { reals }) });
  }
  await load.stop();
  assert.deepEqual(await long.end(), { status: 0, text: `200 ${4 << 20}` });
});

test('drain, and then rst: what is there goes on, until its real server is given up and the client is told at once', {
  skip,
}, async () => {
  await using site = new Site(2);
  site.holdAddresses();
  await site.serve();
  await site.start();
  const only = (at: number, more: object = {}) =>
    site.tables('dr', {
      reals: [0, 1].map(index => (index === at ? {} : { intake: 'none' as const, ...more })),
    });
  await site.direct(only(0));
  const long = download(site.client, `${URL}/huge`);
  await established(site);
  await site.director.ask({ do: 'tables', tables: only(1) });
  assert.deepEqual(new Set(await site.get(VIP4, 5)), new Set(['real1 10.0.0.1']));
  const { reals } = await site.director.figures();
  assert.equal(reals['1']!.active, 1, 'what is left of it is counted');
  await site.director.ask({ do: 'tables', tables: only(1, { fate: 'rst' }) });
  const { status, text } = await long.end();
  assert.equal(status, 56, text); // curl: failure in receiving: connection reset by peer
  const { reasons } = await site.director.figures();
  assert.ok(reasons.rst >= 1);
});

test('the lease: without a sign of life of the controller the director stops, and goes on with the next', {
  skip,
}, async () => {
  await using site = new Site(1);
  site.holdAddresses();
  await site.serve();
  await site.start();
  await site.director.ask({ do: 'lease', leaseMs: 600_000 });
  await site.direct(site.tables('dr', { leaseMs: 1000 }));
  assert.equal((await site.get(VIP4))[0], 'real0 10.0.0.1');
  await site.director.ask({ do: 'lease', leaseMs: 0 });
  await assert.rejects(
    site.get(VIP4),
    /Couldn't connect/,
    'the director’s own stack answers, where nobody listens',
  );
  const { reasons } = await site.director.figures();
  assert.ok(reasons['lease-passed'] > 0);
  await site.director.ask({ do: 'lease', leaseMs: 600_000 });
  assert.equal((await site.get(VIP4))[0], 'real0 10.0.0.1');
});

for (const mode of ['dr', 'nat', 'fullnat'] as const) {
  test(`UDP by ${mode}: a name server behind a virtual address answers`, {
    skip: skip || labMissing('dnsmasq'),
  }, async () => {
    await using site = new Site(2);
    if (mode === 'dr') site.holdAddresses();
    if (mode === 'nat') site.routeBack();
    for (const real of site.reals)
      real.start(
        ...[
          'dnsmasq',
          '-k',
          '-C',
          '/dev/null',
          '-R',
          '-h',
          '-u',
          'root',
          '--pid-file', // none: two that begin at once would fight for one
          `--host-record=moat.test,192.0.2.${real.name.at(-1)},2001:db8::1`,
        ],
      );
    for (const real of site.reals)
      await until(
        () => ['udp', 'udp6'].every(table => / [0-9A-F]+:0035 /.test(real.do(`cat /proc/net/${table}`))),
        `dnsmasq of ${real.name}`,
      );
    await site.start();
    await site.direct(site.tables(mode, { protocol: 'udp', port: 53 }));
    const code = `const { Resolver } = require('node:dns').promises;
      (async () => { const found = new Set();
        for (let at = 0; at < 30; at++) {
          const resolver = new Resolver({ timeout: 2000, tries: 5 });
          resolver.setServers([process.argv[1]]);
          for (const address of await resolver.resolve4('moat.test')) found.add(address);
        }
        console.log([...found].sort().join(' ')); })();`;
    for (const vip of [VIP4, `[${VIP6}]`]) {
      const { stdout, stderr } = await site.client.run(process.execPath, '-e', code, vip);
      assert.equal(stdout.trim(), '192.0.2.0 192.0.2.1', stderr);
    }
  });
}

test('remove: nothing of the director stays, and the interface passes everything up', { skip }, async () => {
  await using site = new Site(1);
  site.holdAddresses();
  await site.serve();
  await site.start();
  await site.direct(site.tables('dr'));
  assert.match(site.directorHost.do('tc filter show dev eth0 ingress'), /director/);
  await site.director.ask({ do: 'remove' });
  assert.doesNotMatch(site.directorHost.do('tc filter show dev eth0 ingress'), /director/);
  await assert.rejects(site.get(VIP4), /Couldn't connect/);
});
