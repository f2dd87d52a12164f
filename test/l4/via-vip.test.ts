/** Health checks by the virtual server's path, through a whole director: a real server that has lost the address is found out. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Host, labMissing, until } from '../lab/lab.ts';
import { programMissing } from './program.ts';
import { Site, VIP4, VIP6 } from './site.ts';

const skip = programMissing() || labMissing('nginx', 'curl', 'dnsmasq');
const MOAT = join(import.meta.dirname, '../../bin/moat');

/** A moat on the director's host, and what its log says. */
class Moat {
  readonly #site: Site;
  readonly #conf: string;
  said = '';

  constructor(site: Site, attach: string, servers: string) {
    this.#site = site;
    this.#conf = join(site.dir, 'moat.conf');
    const l4 = `l4 { attach eth0 ${attach}; pin_path ${site.pinsOf(site.directorHost)}; ${servers} }`;
    writeFileSync(
      this.#conf,
      `user root; pid ${site.dir}/moat.pid; error_log stderr notice; daemon off;\n${l4}\nevents {}\n`,
    );
    const child = site.directorHost.start(MOAT, 'run', '-c', this.#conf);
    child.stderr!.on('data', piece => (this.said += piece));
  }

  async #ask(...words: string[]): Promise<string> {
    return (await this.#site.directorHost.run(MOAT, ...words, '-c', this.#conf)).stdout;
  }

  /** Whether each real server lives, by its address. */
  async lives(): Promise<Record<string, boolean>> {
    const text = await this.#ask('l4', 'list', '--json');
    if (text === '') return {};
    const reals = JSON.parse(text).services.flatMap((service: { reals: object[] }) => service.reals);
    return Object.fromEntries(
      reals.map((real: { address: string; state: string }) => [real.address, real.state === 'alive']),
    );
  }

  /** Waits until exactly these are dead. */
  async dead(...addresses: string[]): Promise<void> {
    await until(
      async () => {
        const lives = await this.lives();
        const dead = Object.keys(lives).filter(address => !lives[address]);
        return Object.keys(lives).length > 0 && dead.sort().join() === addresses.toSorted().join();
      },
      `the deaths of ${addresses.join() || 'nobody'}, after:\n${this.said}`,
    );
  }
}

const CHECK = 'interval=200ms timeout=1s jitter=0 rise=2 fall=2 via=vip;';

function servers(mode: string, check: string, reals4: readonly string[], reals6: readonly string[]): string {
  const service = (vip: string, reals: readonly string[]) =>
    `virtual_server ${vip}:80 tcp { ${mode} ${reals.map(real => `real_server ${real};`).join(' ')} health_check ${check} ${CHECK} }`;
  return `${service(VIP4, reals4)} ${service(`[${VIP6}]`, reals6)}`;
}

const REALS4 = ['10.0.0.11', '10.0.0.12'];
const REALS6 = ['fd00::11', 'fd00::12'];

/** The address goes from a real server, and comes again. */
async function loses(moat: Moat, real: Host, dead4: string, dead6: string): Promise<void> {
  await moat.dead();
  real.do(`ip address del ${VIP4}/32 dev lo`);
  await moat.dead(dead4);
  assert.match(
    moat.said,
    new RegExp(
      `real server ${dead4} .* is dead: \\w+: .* at ${VIP4}, while ${dead4} passes: it has ${VIP4} not on lo`,
    ),
  );
  real.do(`ip address del ${VIP6}/128 dev lo`);
  await moat.dead(dead4, dead6);
  real.do(`ip address add ${VIP4}/32 dev lo`);
  real.do(`ip address add ${VIP6}/128 dev lo nodad`);
  await moat.dead();
}

for (const attach of ['tc', 'xdp'] as const) {
  test(`health_check via=vip: dr, ${attach}`, { skip }, async () => {
    await using site = new Site(2);
    if (attach === 'xdp') await site.fitForXdp();
    site.holdAddresses();
    await site.serve();
    const moat = new Moat(site, attach, servers('mode dr;', 'http uri=/', REALS4, REALS6));
    await loses(moat, site.reals[1]!, REALS4[1]!, REALS6[1]!);
    assert.match((await site.get(VIP4))[0]!, /^real\d 10\.0\.0\.1$/);
  });

  for (const tunnel of ['ipip', 'gue'] as const)
    test(`health_check via=vip: tun by ${tunnel}, ${attach}`, { skip }, async () => {
      await using site = new Site(2);
      if (attach === 'xdp') await site.fitForXdp();
      await site.joinTunnels(tunnel);
      await site.serve();
      const moat = new Moat(site, attach, servers(`mode tun; tunnel ${tunnel};`, 'tcp', REALS4, REALS6));
      await loses(moat, site.reals[1]!, REALS4[1]!, REALS6[1]!);
      assert.match((await site.get(VIP6))[0]!, /^real\d fd00::1$/);
    });
}

test('health_check via=vip: a server that does not listen there is told apart', { skip }, async () => {
  await using site = new Site(1);
  site.holdAddresses();
  const [real] = site.reals as [Host];
  const program = `import { createServer } from 'node:net'; createServer(one => one.end()).listen(80, '10.0.0.11');`;
  real.start(process.execPath, '--input-type=module', '-e', program);
  await real.listening(80);
  const moat = new Moat(site, 'tc', servers('mode dr;', 'tcp', ['10.0.0.11'], ['fd00::11']));
  await moat.dead('10.0.0.11', 'fd00::11');
  assert.match(
    moat.said,
    /10\.0\.0\.11 .* is dead: tcp: connection refused at 10\.0\.0\.100, while 10\.0\.0\.11 passes: its server does not listen/,
  );
  assert.match(moat.said, /fd00::11 .* is dead: tcp: connection refused$/m);
});

test('health_check via=vip: dns over UDP', { skip }, async () => {
  await using site = new Site(1);
  site.holdAddresses();
  const [real] = site.reals as [Host];
  real.start(
    'dnsmasq',
    '-k',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--pid-file',
    '--address=/a.test/192.0.2.7',
  );
  await real.listening(53);
  const line = `virtual_server ${VIP4}:53 udp { mode dr; real_server 10.0.0.11; health_check dns name=a.test record=A ${CHECK} }`;
  const moat = new Moat(site, 'tc', line);
  await moat.dead();
  real.do(`ip address del ${VIP4}/32 dev lo`);
  await moat.dead('10.0.0.11');
  assert.match(moat.said, /is dead: dns: .* it has 10\.0\.0\.100 not on lo/);
});
