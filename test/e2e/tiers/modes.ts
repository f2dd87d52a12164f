/** Each way of forwarding with both tiers running moat: both families, TCP and UDP. A file a place of the director's program runs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import {
  BIG_BYTES,
  CLIENT,
  type Family,
  OTHER_VIP,
  POOL,
  PROXIES,
  Tiers,
  VIP,
  type WayBack,
} from './tiers.ts';

const skip = programMissing() || labMissing('curl', 'dnsmasq');
/** In turns, so each proxy has half of them. */
const ASKED = 8;
/** Of one virtual address: those that ask who answers, a download, an upload. */
const CONNECTIONS = ASKED + 2;
const NAME = 'moat.test';
const PROXY_NAMES = ['p0', 'p1'];

interface Way {
  readonly name: string;
  readonly mode: 'dr' | 'nat' | 'fullnat' | 'tun';
  readonly tunnel?: 'ipip' | 'gue';
  readonly back: WayBack;
  /** Whom proxies see. */
  readonly seen: Readonly<Record<Family, string>>;
  /** As tcpdump shows the packet on the first proxy's wire, by the families of the virtual server and of the real server. */
  readonly wire: (virtual: Family, real: Family) => RegExp;
}

const PROTOCOL = { 4: 'IP', 6: 'IP6' } as const;
const quoted = (text: string) => text.replaceAll('.', '\\.');
/** From one address to another, at a port. */
const hop = (family: Family, from: string, to: string, port = 80) =>
  `${PROTOCOL[family]} (\\([^)]*\\) )?${quoted(from)}\\.\\d+ > ${quoted(to)}\\.${port}: `;
const vipOf = (virtual: Family, real: Family) => (virtual === real ? VIP : OTHER_VIP)[virtual];
const tunnelled = (real: Family, inside: string) =>
  new RegExp(
    `${PROTOCOL[real]} ${quoted({ 4: '10.7.0.2', 6: 'fd07::2' }[real])} > ${quoted(PROXIES[real][0]!)}: ${inside}`,
  );

const WAYS: readonly Way[] = [
  {
    name: 'dr',
    mode: 'dr',
    back: 'direct',
    seen: CLIENT,
    wire: family => new RegExp(hop(family, CLIENT[family], VIP[family])),
  },
  {
    name: 'nat',
    mode: 'nat',
    back: 'director',
    seen: CLIENT,
    wire: family => new RegExp(hop(family, CLIENT[family], PROXIES[family][0]!)),
  },
  {
    name: 'fullnat',
    mode: 'fullnat',
    back: 'none',
    seen: POOL,
    wire: family => new RegExp(hop(family, POOL[family], PROXIES[family][0]!)),
  },
  {
    name: 'tun by ipip',
    mode: 'tun',
    tunnel: 'ipip',
    back: 'direct',
    seen: CLIENT,
    wire: (virtual, real) => tunnelled(real, hop(virtual, CLIENT[virtual], vipOf(virtual, real))),
  },
  {
    name: 'tun by gue',
    mode: 'tun',
    tunnel: 'gue',
    back: 'direct',
    seen: CLIENT,
    wire: (_, real) => new RegExp(hop(real, { 4: '10.7.0.2', 6: 'fd07::2' }[real], PROXIES[real][0]!, 6080)),
  },
];

/** The families of a virtual server and of its real servers; tunnels alone carry one in the other. */
const pairsOf = ({ mode }: Way): [Family, Family][] => [
  [4, 4],
  [6, 6],
  ...(mode === 'tun'
    ? ([
        [4, 6],
        [6, 4],
      ] as [Family, Family][])
    : []),
];

const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address);

function configuration(tiers: Tiers, way: Way, place: 'tc' | 'xdp'): string {
  const servers = pairsOf(way).flatMap(([virtual, real]) =>
    [
      ['80 tcp', 'health_check http uri=/alive interval=1s timeout=10s mandatory;'],
      ['53 udp', `health_check dns name=${NAME} record=TXT interval=1s timeout=10s mandatory;`],
    ].map(
      ([end, check]) => `virtual_server ${bracketed(vipOf(virtual, real))}:${end} {
        mode ${way.mode}; ${way.tunnel ? `tunnel ${way.tunnel};` : ''} scheduler rr; ${check}
        real_server ${bracketed(PROXIES[real][0]!)}; real_server ${bracketed(PROXIES[real][1]!)}; }`,
    ),
  );
  return `l4 { pin_path ${tiers.pins}/moat; hash_secret 0123456789abcdef; attach eth0 ${place};
    source_pool ${POOL[4]}; source_pool ${POOL[6]}; ${servers.join('\n')} }`;
}

async function serveNames({ proxies }: Tiers): Promise<void> {
  for (const { host } of proxies) {
    host.start(
      ...['dnsmasq', '-k', '-C', '/dev/null', '-R', '-h', '-u', 'root', '--pid-file', '--interface=eth0'],
      `--txt-record=${NAME},${host.name}`,
      `--host-record=${NAME},192.0.2.1`,
    );
    await until(
      () => ['udp', 'udp6'].every(table => / [0-9A-F]+:0035 /.test(host.do(`cat /proc/net/${table}`))),
      `dnsmasq of ${host.name}`,
    );
  }
}

/** Which proxies answer so many questions, each from a port of its own. */
async function namesBy({ client }: Tiers, vip: string): Promise<string[]> {
  const code = `const { Resolver } = require('node:dns').promises;
    (async () => { const found = new Set();
      for (let at = 0; at < ${ASKED}; at++) {
        const resolver = new Resolver({ timeout: 5000, tries: 4 });
        resolver.setServers([process.argv[1]]);
        for (const text of await resolver.resolveTxt('${NAME}')) found.add(text.join());
      }
      console.log([...found].sort().join(' ')); })();`;
  const { stdout, stderr } = await client.run(process.execPath, '-e', code, bracketed(vip));
  assert.equal(stderr, '');
  return stdout.trim().split(' ');
}

async function reachesBoth(tiers: Tiers, way: Way, [virtual, real]: [Family, Family]): Promise<void> {
  const vip = vipOf(virtual, real);
  const seen = way.seen[virtual];
  const capture = await tiers.lab.switchHost.capture(
    tiers.proxyPorts[0]!,
    way.mode === 'tun' ? 'not arp' : 'tcp',
  );
  const answers = await tiers.who(vip, ASKED);
  const expected = PROXY_NAMES.flatMap(name => Array<string>(ASKED / 2).fill(`${name} ${seen}`));
  assert.deepEqual(answers.sort(), expected);
  await capture.packet(way.wire(virtual, real));
  capture.stop();
  assert.equal(await tiers.download(vip), `${BIG_BYTES} ${seen}`);
  assert.equal(await tiers.upload(vip), String(BIG_BYTES));
  assert.deepEqual(await namesBy(tiers, vip), PROXY_NAMES);
}

const FORWARD = { dr: 'Route', nat: 'Masq', fullnat: 'FullNat', tun: 'Tunnel' } as const;

/** What the commands show is what has happened. */
async function isShown({ director }: Tiers, way: Way, place: 'tc' | 'xdp'): Promise<void> {
  const figures = await director.figures();
  assert.deepEqual(
    figures.attached.map(({ interface: name, place: where }) => [name, where]),
    [['eth0', place]],
  );
  assert.equal(figures.services.length, 2 * pairsOf(way).length);
  const isRouted = way.mode === 'dr' || way.mode === 'tun';
  for (const { name, protocol, reals } of figures.services) {
    assert.deepEqual(
      reals.map(({ mode, state }) => `${mode} ${state}`),
      Array(2).fill(`${way.mode} alive`),
      name,
    );
    const connections = reals.map(one => one.connections);
    if (protocol === 'tcp') assert.deepEqual(connections, Array(2).fill(CONNECTIONS / 2), name);
    else
      assert.ok(
        connections.every(count => count >= ASKED / 2),
        name,
      );
    for (const { packets, bytes, replyPackets, replyBytes } of reals) {
      assert.ok(packets > 0 && bytes > 20 * packets, name);
      assert.equal(replyPackets > 0 && replyBytes > 20 * replyPackets, !isRouted, name);
    }
  }
  const { reasons } = figures;
  assert.equal(reasons.reply > 0, !isRouted);
  const list = await director.shown('list');
  assert.match(list, new RegExp(`^moat L4 tier on eth0 \\(${place}\\)$`, 'm'));
  for (const [virtual, real] of pairsOf(way)) {
    const vip = bracketed(vipOf(virtual, real)).replaceAll(/[.[\]]/g, '\\$&');
    assert.match(list, new RegExp(`^TCP {2}${vip}:80 rr$`, 'm'));
    assert.match(list, new RegExp(`^UDP {2}${vip}:53 rr$`, 'm'));
  }
  const rows = list
    .split('\n')
    .filter(line => line.includes(` ${FORWARD[way.mode]} `) && line.endsWith(' alive'));
  assert.equal(rows.length, 4 * pairsOf(way).length, list);
  const stats = await director.shown('stats');
  assert.match(stats, /^ {2}new +\d+$/m);
  const flows = await director.flows();
  assert.ok(flows.length > 0);
  for (const flow of flows) {
    const family = flow.client.includes(':') ? 6 : 4;
    assert.equal(flow.client, CLIENT[family]);
    assert.ok(
      [VIP[family], OTHER_VIP[family]].some(vip => vip === flow.virtual),
      flow.virtual,
    );
    assert.equal(flow.virtualPort, flow.protocol === 'tcp' ? 80 : 53);
    assert.match(flow.real, /^(10\.7\.0\.1[12]|\[fd07::1[12]\])$/);
  }
  const lines = (await director.shown('connections')).trimEnd().split('\n').slice(1);
  assert.equal(lines.length, flows.length);
}

/** They are `mandatory`: no real server is alive before its first check has passed. */
const allAlive = async ({ director }: Tiers): Promise<boolean> =>
  (await director.figures()).services.every(({ reals }) => reals.every(({ state }) => state === 'alive'));

/** Declares the tests of one place. */
export function testModes(place: 'tc' | 'xdp', kind: 'plain' | 'tunnels'): void {
  for (const way of WAYS.filter(({ mode }) => (mode === 'tun') === (kind === 'tunnels')))
    test(`both tiers, ${way.name} on ${place}: a client reaches both proxies by the virtual addresses`, {
      skip,
    }, async () => {
      await using tiers = new Tiers();
      if (place === 'xdp') await tiers.fitForXdp();
      tiers.routeBack(way.back);
      if (way.mode === 'dr' || way.mode === 'tun') await tiers.join(way.tunnel);
      await tiers.serve();
      await serveNames(tiers);
      tiers.director.configure(configuration(tiers, way, place));
      await tiers.director.start();
      await until(() => allAlive(tiers), 'all checks to pass');
      for (const pair of pairsOf(way)) await reachesBoth(tiers, way, pair);
      await isShown(tiers, way, place);
    });
}
