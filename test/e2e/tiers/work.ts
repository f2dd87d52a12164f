/** Both tiers at work by dr, for tests of what happens to the director meanwhile. */
import assert from 'node:assert/strict';
import { until } from '../../lab/lab.ts';
import { download, requests } from '../../lab/load.ts';
import { BIG_BYTES, PROXIES, type Tiers, tiersAtWork, VIP } from './tiers.ts';

export const BOTH = ['p0', 'p1'];

interface Wish {
  readonly lease?: string;
  /** Words behind the real servers. */
  readonly first?: string;
  readonly second?: string;
  readonly attach?: string;
  readonly http?: string;
}

/** A virtual server that gives connections to both proxies by turns. */
export const configuration = (
  tiers: Tiers,
  { lease = 'off', first = '', second = '', attach = 'eth0', http = '' }: Wish = {},
) => `l4 { pin_path ${tiers.pins}/moat; hash_secret 0123456789abcdef; attach ${attach}; lease ${lease};
    virtual_server ${VIP[4]}:80 tcp { mode dr; scheduler wrr; health_check http uri=/alive interval=1s timeout=10s;
      real_server ${PROXIES[4][0]} ${first}; real_server ${PROXIES[4][1]} ${second}; } } ${http}`;

/** Both tiers at work by dr. */
export const atWork = (wish?: Wish): Promise<Tiers> => tiersAtWork(tiers => configuration(tiers, wish));

/** Which proxies answer. */
export const answering = async (tiers: Tiers) =>
  [...new Set((await tiers.who(VIP[4], 6)).map(line => line.split(' ')[0]!))].sort();

export const slowly = ({ client }: Tiers) => download(client, `http://${VIP[4]}/big`, '1M');
export const many = ({ client }: Tiers) => requests(client, `http://${VIP[4]}/who`);
export const WHOLE = { status: 0, text: `200 ${BIG_BYTES}` };

/** The client has a connection to the virtual address. */
export const downloading = ({ client }: Tiers): Promise<void> =>
  until(() => / 6400070A:0050 01 /.test(client.do('cat /proc/net/tcp')), 'a connection');

/** `kill -9` of every process of moat on the director. */
export async function killAll({ director }: Tiers): Promise<void> {
  const closed = new Promise(done => director.child!.once('close', done));
  const pids = director.processes();
  assert.ok(pids.length >= 3, `${pids.length} processes`);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await closed;
  await until(() => director.processes().length === 0, 'the end of all of them');
}

export async function noResets({ director }: Tiers): Promise<void> {
  const { reasons } = await director.figures();
  const resets = reasons.rst + reasons['rst-no-flow'] + reasons['rst-no-server'] + reasons['no-service'];
  assert.equal(resets, 0, JSON.stringify(reasons));
}
