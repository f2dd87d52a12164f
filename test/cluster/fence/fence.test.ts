/** The fence in the kernel: what it catches, packet by packet, and that it closes whatever becomes of the process that has put it there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { ADDRESSES, keyOf, RIGHT, rightBytes } from '../../../cluster/fence/layout.ts';
import { announcementOf } from '../../../cluster/vrrp/announcement.ts';
import { BpfMap, closeObject, loadObject, runProgram } from '../../../native/bpf.ts';
import { arpRequest, solicitation } from '../../../native/neighbour-packets.ts';
import { type BodySpec, frame, ip } from '../../l4/packet.ts';
import { Lab, labMissing, until } from '../../lab/lab.ts';
import { bpfMissing } from '../../native/bpf-outside.ts';

const ROOT = join(import.meta.dirname, '../../..');
const OBJECT = join(ROOT, 'cluster/build/fence.o');
const missing = bpfMissing() || (existsSync(OBJECT) ? false : 'cluster/bpf is not built here');

const OWN = '10.1.0.100';
const OWN6 = 'fd00::100';
const OTHER = '10.1.0.2';
const OTHER6 = 'fd00::2';
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const bytes = (text: string) => Uint8Array.from(ip(text));
const body: BodySpec = { kind: 'udp', ports: [1, 2] };
const packet = (source: string, destination: string) => frame({ source, destination, body });

type Way = 'inward' | 'outward';
/** Each caught while the fence is closed, or passed at all times. */
const CASES: readonly (readonly [what: string, way: Way, caught: boolean, bytes: Uint8Array])[] = [
  ['a question for the address', 'inward', true, arpRequest(MAC, bytes(OTHER), bytes(OWN))],
  ['a question for another one', 'inward', false, arpRequest(MAC, bytes(OWN), bytes(OTHER))],
  ['gratuitous ARP for it', 'outward', true, announcementOf(bytes(OWN), { mac: MAC, isRouter: false })],
  ['a question by another one', 'outward', false, arpRequest(MAC, bytes(OTHER), bytes(OWN))],
  ['a question by it', 'outward', true, arpRequest(MAC, bytes(OWN), bytes(OTHER))],
  ['a packet to it', 'inward', true, packet(OTHER, OWN)],
  ['a packet from it, of the other node', 'inward', false, packet(OWN, OTHER)],
  ['a packet from it', 'outward', true, packet(OWN, OTHER)],
  ['a packet to it, handed on', 'outward', false, packet(OTHER, OWN)],
  ['a solicitation for it', 'inward', true, solicitation(MAC, bytes(OTHER6), bytes(OWN6))],
  ['a solicitation for another one', 'inward', false, solicitation(MAC, bytes(OTHER6), bytes('fd00::3'))],
  ['a solicitation by it', 'outward', true, solicitation(MAC, bytes(OWN6), bytes(OTHER6))],
  ['an advertisement', 'outward', true, announcementOf(bytes(OWN6), { mac: MAC, isRouter: true })],
  ['another one', 'outward', false, announcementOf(bytes(OTHER6), { mac: MAC, isRouter: true })],
  ['a packet of IPv6 to it', 'inward', true, packet(OTHER6, OWN6)],
  ['a packet of IPv6 from it', 'outward', true, packet(OWN6, OTHER6)],
];

const CAUGHT = 2;
const PASSED = 2 ** 32 - 1;
const FOR_EVER = 2n ** 62n;

test('a fence catches what the addresses hear and say, and nothing else, from the end of the right until they are gone', {
  skip: missing,
}, () => {
  const object = loadObject(OBJECT);
  try {
    const [right, addresses] = [new BpfMap(object.maps[RIGHT]!), new BpfMap(object.maps[ADDRESSES]!)];
    for (const address of [OWN, OWN6]) addresses.put(keyOf(bytes(address)), new Uint8Array(4));
    const verdictOf = (way: Way, data: Uint8Array) =>
      runProgram(object.programs[`fence_${way}`]!, { data }).verdict >>> 0;
    for (const [state, until, over] of [
      ['never allowed', 0n, 0n],
      ['open', FOR_EVER, FOR_EVER + 1n],
      ['over', 1n, 2n],
      ['closed', 1n, FOR_EVER],
    ] as const) {
      right.put(new Uint8Array(4), rightBytes(until, over));
      for (const [what, way, caught, data] of CASES)
        assert.equal(
          verdictOf(way, data),
          caught && state === 'closed' ? CAUGHT : PASSED,
          `${state}: ${way}, ${what}`,
        );
    }
  } finally {
    closeObject(object);
  }
});

describe('a fence in the kernel', { skip: missing || labMissing() }, () => {
  test('it closes while the process is stopped, and stays when that is killed; the next one takes its place', async t => {
    const lab = new Lab();
    t.after(() => lab.close());
    const [a, b, net] = [lab.host('a'), lab.host('b'), lab.network('net')];
    lab.wire(a, 'eth0', net, { addresses: ['10.1.0.1/24', 'fd00::1/64'] });
    lab.wire(b, 'eth0', net, { addresses: ['10.1.0.2/24', 'fd00::2/64'] });
    a.ip(`addr add ${OWN}/32 dev eth0`, `addr add ${OWN6}/128 dev eth0 nodad`);
    const answers = async (address: string) => {
      b.do('ip neigh flush dev eth0');
      return (await b.run('ping', '-c1', '-W1', address)).status === 0;
    };
    const begin = async () => {
      const child = a.start(process.execPath, join(import.meta.dirname, 'fenced.ts'), 'eth0', OWN, OWN6);
      child.stderr!.pipe(process.stderr);
      const said = createInterface(child.stdout!);
      assert.deepEqual(await once(said, 'line'), ['open']);
      return { child, said };
    };

    const { child, said } = await begin();
    for (const address of [OWN, OWN6]) await until(() => answers(address), `an answer of ${address}`);
    child.stdin!.write('close\n');
    assert.deepEqual(await once(said, 'line'), ['closes soon']);
    child.kill('SIGSTOP');
    for (const address of [OWN, OWN6])
      await until(async () => !(await answers(address)), `silence of ${address}`);
    await until(() => answers('10.1.0.1'), 'an answer of an address outside the fence');
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const address of [OWN, OWN6]) assert.equal(await answers(address), false);

    const next = await begin();
    for (const address of [OWN, OWN6]) await until(() => answers(address), `an answer of ${address}`);
    next.child.stdin!.write('end\n');
    await once(next.child, 'exit');
    for (const way of ['ingress', 'egress'])
      assert.doesNotMatch(a.do(`tc filter show dev eth0 ${way}`), /fence/);
  });
});
