/** Connections that SYN cookies open, in a network: real clients and servers, a flood beside them. A file a build runs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectorBuild } from '../../l4/programs.ts';
import type { L4Tables } from '../../l4/tables.ts';
import type { ForwardMode } from '../../model/l4/virtual-server.ts';
import { type Host, labMissing, until } from '../lab/lab.ts';
import { makeFlood } from './flooding.ts';
import { programMissing } from './program.ts';
import { Site, VIP4, VIP6 } from './site.ts';

const skip = programMissing() || labMissing('nginx', 'curl', 'python3', 'iperf3');
const BIG = 4 << 20;
const FLOOD_SECONDS = 4;
const THRESHOLD = 100;
const flood = skip ? undefined : makeFlood();

/** Tables whose SYNs are answered by cookies, from `threshold` of them a second on. */
function withCookies(tables: L4Tables, threshold: number): L4Tables {
  return {
    ...tables,
    services: tables.services.map(service => ({
      ...service,
      facts: { ...service.facts, synCookies: { threshold } },
    })),
  };
}

/** A site in that mode, its director in force. */
async function siteOf(mode: ForwardMode, build: DirectorBuild, threshold: number, port = 80): Promise<Site> {
  const site = new Site(2);
  if (build === 'xdp') await site.fitForXdp();
  if (mode === 'nat') site.routeBack();
  await site.serve();
  await site.start();
  await site.direct(withCookies(site.tables(mode, { port }), threshold), build);
  return site;
}

async function shell(host: Host, command: string): Promise<string> {
  const { stdout, stderr, status } = await host.run('sh', '-c', command);
  assert.equal(status, 0, stderr);
  return stdout;
}

const urlOf = (vip: string, path = '/') => `http://${vip.includes(':') ? `[${vip}]` : vip}${path}`;

/** Small answers, long ones in both directions, and several requests on one connection. */
async function allKindsPass(site: Site, vip: string): Promise<void> {
  const bodies = await site.get(vip, 20);
  assert.deepEqual(new Set(bodies.map(body => body.split(' ')[0])), new Set(['real0', 'real1']));
  assert.equal((await site.get(vip, 1, '/big'))[0]!.length, BIG);
  const upload = `head -c ${BIG} /dev/zero | curl -sS -m 60 -o /dev/null -w '%{http_code} %{size_upload}' --data-binary @- ${urlOf(vip, '/upload')}`;
  assert.equal(await shell(site.client, upload), `200 ${BIG}`);
  const kept = `curl -sS -m 30 -o /dev/null -w '%{http_code} %{num_connects},' ${`${urlOf(vip)} -o /dev/null `.repeat(5)}`;
  assert.equal(await shell(site.client, kept), `200 1,${'200 0,'.repeat(4)}`);
}

/** Both sides as they may be set: each of these changes what is agreed in the handshake. */
const SETTINGS = [
  ['net.ipv4.tcp_timestamps=0'],
  ['net.ipv4.tcp_sack=0'],
  ['net.ipv4.tcp_window_scaling=0'],
  ['net.ipv4.tcp_rmem="4096 131072 33554432"', 'net.ipv4.tcp_window_scaling=1'],
  ['net.ipv4.tcp_rmem="4096 65536 65536"'],
];

/** A server that speaks first, and a client that waits for it; the answer tells of every byte. */
const SPEAKS_FIRST = `
import socket, threading
def serve(c):
    c.sendall(b'hello\\n'); line = c.makefile('rb').readline(); c.sendall(b'you said ' + line); c.close()
s = socket.socket(socket.AF_INET6); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('::', 25)); s.listen(99)
while True:
    c, a = s.accept(); threading.Thread(target=serve, args=(c,)).start()
`;
const WAITS = (vip: string) => `
import socket
c = socket.create_connection(('${vip}', 25), 30); f = c.makefile('rb')
first = f.readline(); c.sendall(b'thanks\\n'); print((first + f.readline()).decode(), end='')
`;

export function testCookies(build: DirectorBuild): void {
  for (const mode of ['nat', 'fullnat'] as const) {
    test(`${mode}, ${build}: connections that cookies opened carry all that others do`, {
      skip,
    }, async () => {
      await using site = await siteOf(mode, build, 0);
      await allKindsPass(site, VIP4);
      await allKindsPass(site, VIP6);
      const { reasons } = await site.director.figures();
      assert.ok(reasons['cookie-opened'] >= 46, JSON.stringify(reasons));
      assert.equal(reasons.new, 0, 'nothing came without a cookie');
      assert.equal(reasons['cookie-refused'], 0);
    });
  }

  test(`nat, ${build}: without time stamps, SACK or scaled windows, on either side`, { skip }, async () => {
    await using site = await siteOf('nat', build, 0);
    const all = ['timestamps=1', 'sack=1', 'window_scaling=1', 'rmem="4096 131072 6291456"'];
    for (const side of [[site.client], site.reals])
      for (const settings of SETTINGS) {
        for (const host of side) await shell(host, settings.map(one => `sysctl -qw ${one}`).join(';'));
        assert.equal((await site.get(VIP4, 1, '/big'))[0]!.length, BIG, settings.join());
        for (const host of side)
          await shell(host, all.map(one => `sysctl -qw net.ipv4.tcp_${one}`).join(';'));
      }
  });

  test(`nat, ${build}: a server that speaks first, a port that is closed, a server that answers late`, {
    skip,
  }, async () => {
    await using site = await siteOf('nat', build, 0, 25);
    const refused = await site.client.run('python3', '-c', WAITS(VIP4));
    assert.match(refused.stderr, /ConnectionResetError|Connection reset/);
    for (const real of site.reals) real.start('python3', '-c', SPEAKS_FIRST);
    for (const real of site.reals) await real.listening(25);
    for (const vip of [VIP4, VIP6]) {
      const { stdout, stderr } = await site.client.run('python3', '-c', WAITS(vip));
      assert.equal(stdout, 'hello\nyou said thanks\n', stderr);
    }
  });

  test(`nat, ${build}: what a client sends before its real server is there comes through`, {
    skip,
  }, async () => {
    await using site = await siteOf('nat', build, 0);
    for (const real of site.reals) real.do('ip link set eth0 down');
    const answer = site.client.run('curl', '-sS', '-m', '60', urlOf(VIP4));
    await until(
      async () => (await site.director.figures()).reasons['cookie-again'] > 0,
      'a probe of the client',
    );
    for (const real of site.reals) {
      real.do('ip link set eth0 up');
      real.do('ip route replace default via 10.0.0.2');
    }
    const { stdout, stderr } = await answer;
    assert.match(stdout, /^real\d 10\.9\.0\.1$/, stderr);
  });

  for (const mode of ['nat', 'fullnat'] as const) {
    test(`${mode}, ${build}: floods of SYN and of forged ACK leave nothing behind, and clients go on`, {
      skip,
    }, async () => {
      await using site = await siteOf(mode, build, THRESHOLD);
      const tables = site.tables(mode, { reals: [{ port: 0 }, { port: 0 }] });
      const both = tables.services.map(service => ({
        ...service,
        endpoints: [80, 5201].map(port => ({ ...service.endpoints[0]!, port })),
        selection: { ...service.selection, key: 'source' } as (typeof service)['selection'],
      }));
      await site.direct(withCookies({ ...tables, services: both }, THRESHOLD), build);
      for (const real of site.reals) real.start('iperf3', '-s');
      for (const real of site.reals) await real.listening(5201);
      const send = (...kind: 'ack'[]) =>
        flood!(site.client, site.directorHost, VIP4, 80, FLOOD_SECONDS, ...kind);
      const syns = send();
      let over = false;
      syns.finally(() => (over = true));
      await until(async () => (await site.director.figures()).reasons['cookie-sent'] > 0, 'the first cookie');
      const bulk = site.client.run('iperf3', '-c', VIP4, '-n', '32M', '-J');
      let asked = 0;
      for (; !over || asked === 0; asked++)
        assert.match((await site.get(VIP4))[0]!, /^real\d /, `request ${asked}`);
      const sent = Number((await syns).stdout);
      assert.ok(sent > 20_000, `${sent} packets: that was no flood`);
      const { reasons, reals } = await site.director.figures();
      const entries = Object.values(reals).reduce((sum, { active, inactive }) => sum + active + inactive, 0);
      // Those that came before the threshold was reached, once more for each CPU, and those of good clients.
      assert.ok(entries < 8 * THRESHOLD + asked + 2, `${entries} entries, ${asked} requests`);
      assert.ok(reasons['cookie-sent'] > reasons.new, JSON.stringify(reasons));
      assert.ok(reasons['cookie-opened'] >= 2, JSON.stringify(reasons));

      // At once: cookies are answered for some seconds after a flood, and bulk may take longer.
      const acks = Number((await send('ack')).stdout);
      const later = (await site.director.figures()).reasons;
      assert.equal(later['cookie-opened'], reasons['cookie-opened'], 'no forged number is good');
      const refused = later['cookie-refused'] + later['rst-no-flow'] - reasons['rst-no-flow'];
      assert.ok(
        refused > acks / 4,
        `${refused} of ${acks} refused: ${JSON.stringify(later)}, before: ${JSON.stringify(reasons)}`,
      );
      assert.ok(later['cookie-refused'] > 0);
      // The far end stops reading when it is told that all has been sent.
      assert.ok(JSON.parse((await bulk).stdout).end.sum_received.bytes > 16 << 20, (await bulk).stdout);
    });
  }
}
