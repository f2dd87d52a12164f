/** `moat real-server` at the far end of a real director: every tunnel in both families, its life, what it finds wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectorBuild } from '../../l4/programs.ts';
import { labMissing } from '../lab/lab.ts';
import { programMissing } from './program.ts';
import { Site, VIP4, VIP6 } from './site.ts';

const skip = programMissing() || labMissing('nginx', 'curl');
const BIG = 4 << 20;
const DIRECTORS = ['--director', '10.0.0.2', '--director', 'fd00::2'];

async function allPass(site: Site): Promise<void> {
  for (const vip of [VIP4, VIP6]) {
    assert.match((await site.get(vip))[0]!, /^real0 /);
    assert.equal((await site.get(vip, 1, '/big'))[0]!.length, BIG);
    assert.equal(await upload(site, vip), `200 ${BIG}`);
  }
}

async function upload(site: Site, vip: string): Promise<string> {
  const host = vip.includes(':') ? `[${vip}]` : vip;
  const send = `head -c ${BIG} /dev/zero | curl -sS -m 30 -o /dev/null -w '%{http_code} %{size_upload}' --data-binary @- http://${host}/upload`;
  return (await site.client.run('sh', '-c', send)).stdout;
}

for (const build of ['tc', 'xdp'] as const satisfies readonly DirectorBuild[])
  for (const tunnel of ['ipip', 'gue'] as const)
    for (const [outer, address] of [
      [4, '10.0.0.11'],
      [6, 'fd00::11'],
    ] as const)
      test(`moat real-server join: both families in IPv${outer} by ${tunnel} from ${build}`, {
        skip,
      }, async () => {
        await using site = new Site(1);
        if (build === 'xdp') await site.fitForXdp();
        await site.joinTunnels(tunnel);
        await site.serve();
        await site.start();
        await site.direct(site.tables('tun', { tunnel, reals: [{ address }] }), build);
        await allPass(site);
        const { status, stdout } = await site.realServer(site.reals[0]!, 'status');
        assert.equal(status, 0, stdout);
        assert.match(stdout, /^ok +eth0 unwraps tunnels \(XDP, generic\)$/m);
        assert.match(stdout, /^ok +tunnels of .* are unwrapped: [1-9]\d+ packets so far$/m);
      });

test('moat real-server join: unwraps in the driver when told to, and changes place', { skip }, async () => {
  await using site = new Site(1);
  await site.fitForXdp();
  await site.joinTunnels('ipip', '--attach', 'xdp');
  const [real] = site.reals as [Site['reals'][0]];
  assert.match(real.do('ip link show eth0'), /mtu 1500 xdp /);
  await site.serve();
  await site.start();
  await site.direct(site.tables('tun'), 'xdp');
  await allPass(site);
  await site.joinTunnels('ipip', '--attach', 'xdp-generic');
  assert.match(real.do('ip link show eth0'), /mtu 1500 xdpgeneric /);
  await allPass(site);
});

test('moat real-server: a real server of tunnels joins, is mended, and leaves no trace', {
  skip,
}, async () => {
  await using site = new Site(1);
  const [real] = site.reals as [Site['reals'][0]];
  const before = real.do('ip address show dev lo');
  await site.joinTunnels('gue');
  await site.serve();
  await site.start();
  await site.direct(site.tables('tun', { tunnel: 'gue' }), 'tc');
  assert.match((await site.get(VIP4))[0]!, /^real0 /);

  const again = await site.realServer(real, 'join', '--mode', 'tun', '--tunnel', 'gue', ...DIRECTORS, VIP4);
  assert.match(again.stderr, /^nothing to do\n/);
  real.do('ip link set eth0 xdpgeneric off');
  const gone = await site.realServer(real, 'status');
  assert.equal(gone.status, 1);
  assert.match(gone.stdout, /^FAULT +eth0 unwraps no tunnels: /m);
  real.do(`ip address del ${VIP4}/32 dev lo`);
  const mended = await site.realServer(real, 'join', '--mode', 'tun', '--director', '10.0.0.2', VIP4);
  assert.equal(mended.status, 0, mended.stderr);
  assert.match(mended.stderr, /10\.0\.0\.100 is on lo\n(?:.*\n)*eth0 unwraps tunnels/);
  assert.match((await site.get(VIP4))[0]!, /^real0 /);
  assert.match((await site.get(VIP6))[0]!, /^real0 /);

  const left = await site.realServer(real, 'leave');
  assert.equal(left.status, 0, left.stderr);
  assert.doesNotMatch(real.do('ip link show eth0'), /xdp/);
  assert.equal(real.do('ip address show dev lo'), before);
  assert.equal((await site.realServer(real, 'leave')).stderr, 'nothing to do\n');
});

test('moat real-server: tunnels of strangers are dropped, told, and let in by name', { skip }, async () => {
  await using site = new Site(1);
  const [real] = site.reals as [Site['reals'][0]];
  const pins = ['--pin-path', site.pinsOf(real)];
  const join = (...words: string[]) =>
    site.realServer(real, 'join', '--mode', 'tun', ...words, ...pins, VIP4, VIP6);
  assert.equal((await join('--director', '10.0.0.77')).status, 0);
  await site.serve();
  await site.start();
  await site.direct(site.tables('tun', { reals: [{ address: '10.0.0.11' }] }), 'tc');
  const refused = await site.client.run('curl', '-sS', '-m', '2', `http://${VIP4}/`);
  assert.notEqual(refused.status, 0);
  assert.match(
    (await site.realServer(real, 'status')).stdout,
    /^warning +\d+ packets in tunnels of others were dropped, the last one of 10\.0\.0\.2\n +→ .*--director 10\.0\.0\.2 /m,
  );
  const { findings } = JSON.parse((await site.realServer(real, 'status', '--json')).stdout);
  assert.ok(findings.some(({ what }: { what: string }) => what.includes('the last one of 10.0.0.2')));
  assert.equal((await join('--director', '10.0.0.2')).status, 0);
  assert.match((await site.get(VIP4))[0]!, /^real0 /);
});

test('moat real-server: segments that fit are advised, and then nobody is told that packets are too big', {
  skip,
}, async () => {
  await using site = new Site(1);
  const [real] = site.reals as [Site['reals'][0]];
  // The client lies behind a router, which here is its own host.
  for (const [version, vip, address, router] of [
    ['-4', VIP4, '10.9.0.1', '10.0.0.1'],
    ['-6', VIP6, 'fd09::1', 'fd00::1'],
  ] as const) {
    site.client.do(`ip address add ${address} dev lo`);
    site.client.do(`ip ${version} route add ${vip} dev eth0 src ${address}`);
    real.do(`ip ${version} route add default via ${router}`);
  }
  await site.joinTunnels('gue');
  const { stdout } = await site.realServer(real, 'status');
  const advice = [...stdout.matchAll(/→ (ip .*route change default .* advmss \d+)$/gm)].map(
    ([, line]) => line!,
  );
  assert.deepEqual(advice, [
    'ip route change default via 10.0.0.1 dev eth0 advmss 1408',
    'ip -6 route change default via fd00::1 dev eth0 advmss 1388',
  ]);
  for (const line of advice) real.do(line);
  const heeded = await site.realServer(real, 'status');
  assert.doesNotMatch(heeded.stdout, /^warning/m);
  assert.match(heeded.stdout, /^ok +connections over IPv6 ask for segments that fit \(1388 bytes\)$/m);
  await site.serve();
  await site.start();
  await site.direct(site.tables('tun', { tunnel: 'gue', reals: [{ address: 'fd00::11' }] }), 'tc');
  await allPass(site);
  assert.equal((await site.director.figures()).reasons['too-big-told'], 0);
});

test('moat real-server join: another XDP program is left, and nothing is changed', { skip }, async () => {
  await using site = new Site(1);
  const [real] = site.reals as [Site['reals'][0]];
  const before = real.do('ip address show dev lo');
  const object = new URL('../../l4/build/empty.o', import.meta.url).pathname;
  real.do(`ip link set dev eth0 xdpgeneric obj ${object} sec xdp`);
  const { status, stderr } = await site.realServer(
    real,
    ...['join', '--mode', 'tun', '--director', '10.0.0.2', '--pin-path', site.pinsOf(real), VIP4],
  );
  assert.equal(status, 1);
  assert.match(stderr, /another XDP program \(id \d+\) is there: ip link set eth0 xdp/);
  assert.equal(real.do('ip address show dev lo'), before);
  assert.match(real.do('ip link show eth0'), /xdpgeneric/);
});

test('moat real-server: in mode nat the way back is looked at, not changed', { skip }, async () => {
  await using site = new Site(1);
  const [real] = site.reals as [Site['reals'][0]];
  const join = ['join', '--mode', 'nat', ...DIRECTORS, VIP4, VIP6];
  const without = await site.realServer(real, ...join);
  assert.equal(without.status, 1);
  assert.match(
    without.stderr,
    /^noted; .*\nFAULT +there is no default route over IPv4: .*\n +→ ip route replace default via 10\.0\.0\.2$/m,
  );
  assert.match(without.stderr, /→ ip -6 route replace default via fd00::2$/m);
  real.do('ip route add default via 10.0.0.1');
  real.do('ip -6 route add default via fd00::1');
  const past = await site.realServer(real, 'status');
  assert.equal(past.status, 1);
  assert.match(past.stdout, /^FAULT +answers over IPv4 go by 10\.0\.0\.1 on eth0, past the director/m);
  real.do('ip route replace default via 10.0.0.2');
  const [, local] = /inet6 (fe80::\S+)\//.exec(site.directorHost.do('ip -6 address show dev eth0'))!;
  real.do(`ip -6 route replace default via ${local} dev eth0`);
  assert.match(
    (await site.realServer(real, 'status')).stdout,
    /^warning +the default route over IPv6 goes by fe80/m,
  );
  // Once both are known, their link addresses tell.
  for (const address of ['fd00::2', `${local}%eth0`]) await real.run('ping', '-c', '1', '-W', '5', address);
  const sound = await site.realServer(real, 'status');
  assert.equal(sound.status, 0, sound.stdout);
  assert.doesNotMatch(sound.stdout, /^(warning|FAULT)/m);
  assert.match(sound.stdout, /^ok +answers over IPv6 go by way of the director \(fe80/m);
  real.do(`ip address add ${VIP4}/32 dev lo`);
  assert.match(
    (await site.realServer(real, 'status')).stdout,
    /^warning +10\.0\.0\.100 is on lo: in mode nat/m,
  );
  assert.equal((await site.realServer(real, 'leave')).status, 0);
});

test('moat real-server join: wrong words for tunnels', async () => {
  const { planOf } = await import('../../control/real-server/plan.ts');
  const faults: Record<string, Parameters<typeof planOf>[0]> = {
    'mode tun: write --director': { mode: 'tun' },
    'mode nat: write --director': { mode: 'nat' },
    'mode fullnat asks nothing': { mode: 'fullnat' },
    '--mode "tunnel": one of dr, nat, fullnat, tun': { mode: 'tunnel' },
    '--tunnel is of mode tun only': { tunnel: 'gue' },
    '--port is of --tunnel gue only': { mode: 'tun', director: ['10.0.0.2'], port: '6080' },
    '--port "0" is no port': { mode: 'tun', director: ['10.0.0.2'], tunnel: 'gue', port: '0' },
    '--attach "tc": one of': { mode: 'tun', director: ['10.0.0.2'], attach: 'tc' },
    '"web1" is no IP address': { mode: 'tun', director: ['web1'] },
    'mode dr knows no --director': { director: ['10.0.0.2'] },
  };
  for (const [said, values] of Object.entries(faults))
    assert.throws(
      () => planOf(values, [VIP4]),
      (fault: Error) => fault.message.startsWith(said),
      said,
    );
});
