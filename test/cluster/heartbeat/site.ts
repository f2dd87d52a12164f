/** Two nodes with two paths between them, and a third host where a witness runs. */
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type Host, until } from '../../lab/lab.ts';
import { newPair } from '../new-pair.ts';
import { type Moat, type Pair, V3 } from '../pair.ts';

export const WITNESS = '10.79.0.9';
const KEY = 'a key for tests only';
const NODES = ['lb1', 'lb2'] as const;

export class Site {
  readonly pair: Pair;
  readonly third: Host;

  constructor(t: TestContext) {
    this.pair = newPair(V3, t);
    this.pair.join('eth1', ['10.78.0.1/24', '10.78.0.2/24']);
    this.pair.join('eth2', ['10.79.0.1/24', '10.79.0.2/24']);
    this.third = this.pair.lab.host('w');
    const { lab } = this.pair;
    lab.wire(this.third, 'eth2', 'neth2', { addresses: [`${WITNESS}/24`] });
    writeFileSync(this.pair.path('key'), `${KEY}\n`);
  }

  /** @param lines of the heartbeat block, and `vrrp` of the instance */
  moat(at: 0 | 1, lines: string, vrrp = ''): Moat {
    const other = at === 0 ? 1 : 0;
    const path = (net: string) => `path ${net}.${at + 1} ${net}.${other + 1};`;
    const block = `heartbeat { node ${NODES[at]}; key file:${this.pair.path('key')};
      ${path('10.77.0')} ${path('10.78.0')} ${lines} }`;
    const priority = at === 0 ? 150 : 100;
    return this.pair.moat(`priority ${priority}; advert_interval 100ms; ${vrrp}`, { at, around: block });
  }

  /** Both run, hear each other, and the first one has the address. */
  async start(lines: string, vrrp = '') {
    const moats = [this.moat(0, lines, vrrp), this.moat(1, lines, vrrp)] as const;
    for (const moat of moats) moat.start();
    for (const moat of moats) await moat.says(/heartbeat: .* and this node hear each other/);
    const [a, b] = this.pair.owners;
    await a.becomes(true);
    await b.becomes(false);
    return { above: moats[0], below: moats[1], a, b };
  }

  /** Nothing goes between the two any more; the witness is still there. */
  cut(...nets: ('net' | 'neth1' | 'neth2')[]): void {
    for (const net of nets) this.pair.lab.onSwitch(`ip link set ${net} down`);
  }

  heal(...nets: ('net' | 'neth1' | 'neth2')[]): void {
    for (const net of nets) this.pair.lab.onSwitch(`ip link set ${net} up`);
  }

  async etcd(): Promise<void> {
    const url = (port: number) => `http://${WITNESS}:${port}`;
    this.third.start(
      ...['etcd', '--data-dir', this.pair.path('etcd'), '--listen-client-urls', url(2379)],
      ...['--advertise-client-urls', url(2379), '--listen-peer-urls', url(2380)],
      ...['--initial-advertise-peer-urls', url(2380), '--initial-cluster', `default=${url(2380)}`],
      ...['--unsafe-no-fsync'],
    );
    await until(
      async () => (await this.third.run('curl', '-sf', `${url(2379)}/health`)).status === 0,
      'etcd to answer',
    );
  }

  async redis(): Promise<void> {
    this.third.start(
      ...[
        'redis-server',
        '--bind',
        WITNESS,
        '--protected-mode',
        'no',
        '--save',
        '',
        '--dir',
        this.pair.path('.'),
      ],
    );
    await until(
      async () => (await this.third.run('redis-cli', '-h', WITNESS, 'ping')).stdout.startsWith('PONG'),
      'redis to answer',
    );
  }
}
