/** The program at the far end of tunnels, by test runs: what it unwraps, what it leaves, what it refuses. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressBytes } from '../../l4/address.ts';
import { u32 } from '../../l4/maps.ts';
import { sumsOfCpus } from '../../l4/statistics.ts';
import { BpfMap, closeObject, loadObject, runProgram } from '../../native/bpf.ts';
import { frame, ipPacket, type PacketSpec, told } from './packet.ts';
import { programMissing } from './program.ts';

const skip = programMissing();
const PASS = 2;
const DROP = 1;
const GUE = 6080;

class Decap implements Disposable {
  readonly #object = loadObject(join(import.meta.dirname, '../../l4/build/decap.o'));

  constructor(guePort = GUE) {
    const directors = new BpfMap(this.#object.maps['directors']!);
    for (const address of ['10.0.0.2', 'fd00::2']) directors.put(addressBytes(address), u32(1));
    const port = ((guePort & 0xff) << 8) | (guePort >> 8);
    new BpfMap(this.#object.maps['gue_port']!).put(u32(0), u32(port));
  }

  run(data: Uint8Array): { verdict: number; packet: string } {
    const out = new Uint8Array(data.length + 64);
    const { verdict, bytes } = runProgram(this.#object.programs['decap']!, { data, out });
    return { verdict, packet: told(out.subarray(0, bytes)) };
  }

  /** Unwrapped, of strangers, not known. */
  get counts(): number[] {
    return sumsOfCpus(new BpfMap(this.#object.maps['decap_counters']!), 3);
  }

  [Symbol.dispose](): void {
    closeObject(this.#object);
  }
}

const INNER: Record<4 | 6, PacketSpec> = {
  4: {
    source: '192.0.2.9',
    destination: '192.0.2.1',
    body: { kind: 'tcp', ports: [1234, 80], flags: 'S', payload: 9 },
  },
  6: {
    source: '2001:db8::9',
    destination: '2001:db8::1',
    body: { kind: 'udp', ports: [1234, 53], payload: 30 },
  },
};
const PROTOCOL = { 4: 4, 6: 41 } as const;
const OUTER = {
  4: { source: '10.0.0.2', destination: '10.0.0.11' },
  6: { source: 'fd00::2', destination: 'fd00::11' },
} as const;
const FAMILIES = [4, 6] as const;

const gue = (protocol: number, inner: Uint8Array, first = 0) => [
  ...[0xc0, 0x00, GUE >> 8, GUE & 255, (inner.length + 12) >> 8, (inner.length + 12) & 255, 0, 0],
  ...[first, protocol, 0, 0, ...inner],
];

/** @param first byte of the GUE header: version, kind, words of options */
function wrapped(
  outer: 4 | 6,
  inner: 4 | 6,
  kind: 'ipip' | 'gue',
  changes: Partial<PacketSpec> = {},
  first = 0,
): Uint8Array {
  const bytes = ipPacket(INNER[inner]);
  const body =
    kind === 'ipip'
      ? ({ kind: 'piece', protocol: PROTOCOL[inner], bytes } as const)
      : ({
          kind: 'piece',
          protocol: 17,
          bytes: Uint8Array.from(gue(PROTOCOL[inner], bytes, first)),
        } as const);
  return frame({ ...OUTER[outer], ...changes, body });
}

for (const kind of ['ipip', 'gue'] as const)
  for (const outer of FAMILIES)
    for (const inner of FAMILIES)
      test(`decap: IPv${inner} in IPv${outer} by ${kind}, with and without tags`, { skip }, () => {
        using decap = new Decap();
        for (const vlans of [[], [7], [7, 9]]) {
          const { verdict, packet } = decap.run(wrapped(outer, inner, kind, { vlans }));
          assert.equal(verdict, PASS);
          assert.equal(packet, told(frame({ ...INNER[inner], vlans })));
        }
        assert.deepEqual(decap.counts, [3, 0, 0]);
      });

test('decap: strangers are refused, in both families, and what else comes is left alone', { skip }, () => {
  using decap = new Decap();
  for (const kind of ['ipip', 'gue'] as const) {
    assert.equal(decap.run(wrapped(4, 4, kind, { source: '10.0.0.3' })).verdict, DROP);
    assert.equal(decap.run(wrapped(6, 4, kind, { source: 'fd00::3' })).verdict, DROP);
  }
  assert.deepEqual(decap.counts, [0, 4, 0]);
  for (const family of FAMILIES) {
    const plain = frame(INNER[family]);
    assert.deepEqual(decap.run(plain), { verdict: PASS, packet: told(plain) });
  }
  assert.equal(decap.run(wrapped(4, 4, 'gue', {}, 1)).verdict, DROP); // with a word of options
  assert.equal(decap.run(wrapped(4, 4, 'gue', {}, 0x40)).verdict, DROP); // version 1
  assert.deepEqual(decap.counts, [0, 4, 2]);
});

test('decap: GUE is another datagram where no port is given', { skip }, () => {
  using decap = new Decap(0);
  const data = wrapped(4, 4, 'gue');
  assert.deepEqual(decap.run(data), { verdict: PASS, packet: told(data) });
});

test('decap: a packet that is cut anywhere harms nothing', { skip }, () => {
  using decap = new Decap();
  let tried = 0;
  for (const kind of ['ipip', 'gue'] as const)
    for (const outer of FAMILIES) {
      const whole = wrapped(outer, 6, kind);
      for (let length = 14; length < whole.length; length++) {
        const { verdict } = decap.run(whole.subarray(0, length));
        assert.ok(verdict === PASS || verdict === DROP, `${verdict} at ${length}`);
        tried++;
      }
    }
  assert.ok(tried > 300);
});
