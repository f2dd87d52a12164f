/** Packets that are cut, lie about their lengths, or hide behind headers: never forwarded, never read past their end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BodySpec, frame, type PacketSpec } from './packet.ts';
import { BUILDS, type Outcome, Program, programMissing } from './program.ts';

const skip = programMissing();
const V4 = { client: '192.0.2.9', vip: '10.0.0.1', real: '10.1.0.5' };
const V6 = { client: '2001:db8::9', vip: 'fd00::1', real: 'fd01::5' };

function director(build: (typeof BUILDS)[number], mode: 'dr' | 'nat' | 'tun'): Program {
  const program = new Program(build);
  for (const [id, family] of [V4, V6].entries()) {
    program.real({ id: id + 1, address: family.real, mode, service: id + 1 });
    const places = [6, 17].map(protocol => ({ address: family.vip, port: 80, protocol }));
    program.service(id + 1, places, [id + 1]);
  }
  return program;
}

const tcp: BodySpec = { kind: 'tcp', ports: [1234, 80], flags: 'S', payload: 3 };
const udp: BodySpec = { kind: 'udp', ports: [1234, 80], payload: 3 };
const spec = ({ client, vip }: typeof V4, more: Partial<PacketSpec> = {}): PacketSpec => ({
  source: client,
  destination: vip,
  body: tcp,
  ...more,
});

/** All shapes whose headers end at different places. */
const SHAPES: [name: string, packet: PacketSpec][] = [
  ['IPv4 tcp', spec(V4)],
  ['IPv4 udp', spec(V4, { body: udp })],
  ['IPv4 tcp with options', spec(V4, { options: new Uint8Array(40).fill(1) })],
  ['IPv4 tcp with two tags', spec(V4, { vlans: [1, 2] })],
  ['IPv6 tcp', spec(V6)],
  ['IPv6 udp', spec(V6, { body: udp })],
  ['IPv6 tcp behind three headers', spec(V6, { extensions: [0, 43, 60] })],
  ['IPv4 ICMP error', spec(V4, { body: { kind: 'icmp', type: 3, code: 1, quoted: quotedBy(V4) } })],
  ['IPv6 ICMP error', spec(V6, { body: { kind: 'icmp', type: 1, code: 0, quoted: quotedBy(V6) } })],
];

function quotedBy({ client, vip }: typeof V4): Uint8Array {
  return frame({
    source: vip,
    destination: client,
    body: { kind: 'tcp', ports: [80, 1234], flags: 'A' },
  }).subarray(14);
}

const stays = ({ verdict }: Outcome) => verdict === 'drop' || verdict === 'pass';

/** The kernel runs no tc program on a frame that ends within the IP header; there is nothing to ask then. */
function runCut(program: Program, bytes: Uint8Array): Outcome | undefined {
  try {
    return program.run(bytes);
  } catch (fault) {
    const ended = bytes.length < 14 + 40;
    if (program.build === 'tc' && ended && (fault as NodeJS.ErrnoException).code === 'EINVAL')
      return undefined;
    throw fault;
  }
}

for (const build of BUILDS) {
  for (const [name, whole] of SHAPES) {
    test(`${build}: ${name}, cut at every byte, goes nowhere`, { skip }, () => {
      // The kernel's helper makes no room behind two tags.
      const isDeep = (mode: string) => name.includes('two tags') && build === 'tc' && mode === 'tun';
      for (const mode of ['dr', 'nat', 'tun'] as const) {
        const program = director(build, mode);
        const bytes = frame(whole);
        const good = program.run(bytes);
        assert.ok(
          !stays(good) || name.includes('ICMP') || isDeep(mode),
          `whole: ${good.verdict} ${JSON.stringify(good.reasons)}`,
        );
        for (let length = 14; length < bytes.length; length++) {
          const outcome = runCut(program, bytes.subarray(0, length));
          if (!outcome) continue;
          assert.ok(
            stays(outcome),
            `${mode}, ${length} of ${bytes.length} bytes: ${outcome.verdict} ${outcome.packet}`,
          );
        }
      }
    });
  }

  test(`${build}: lengths that lie are malformed`, { skip }, () => {
    const program = director(build, 'dr');
    const change = (packet: PacketSpec, at: number, ...bytes: number[]) => {
      const changed = frame(packet);
      changed.set(bytes, at);
      return program.run(changed).reasons;
    };
    assert.deepEqual(change(spec(V4), 14, 0x44), { malformed: 1 }, 'a header of 16 bytes');
    assert.deepEqual(change(spec(V4), 14, 0x65), { malformed: 1 }, 'version 6 in IPv4');
    assert.deepEqual(change(spec(V4), 14, 0x4f), { malformed: 1 }, 'a header longer than the packet');
    assert.deepEqual(change(spec(V4), 16, 0, 19), { malformed: 1 }, 'a packet shorter than its header');
    assert.deepEqual(change(spec(V4), 16, 255, 255), { malformed: 1 }, 'a packet longer than its frame');
    assert.deepEqual(change(spec(V4), 46, 0x40), { malformed: 1 }, 'a TCP header of 16 bytes');
    assert.deepEqual(change(spec(V4, { body: udp }), 38, 0, 7), { malformed: 1 }, 'a datagram of 7 bytes');
    assert.deepEqual(change(spec(V6), 14, 0x40), { malformed: 1 }, 'version 4 in IPv6');
    assert.deepEqual(change(spec(V6), 18, 255, 255), { malformed: 1 }, 'IPv6 longer than its frame');
  });

  test(`${build}: a chain of extension headers that does not end is refused`, { skip }, () => {
    const program = director(build, 'dr');
    const chain = (length: number) => program.run(frame(spec(V6, { extensions: Array(length).fill(60) })));
    assert.deepEqual(chain(5).reasons, { new: 1 });
    assert.deepEqual(chain(6).reasons, { options: 1 });
    assert.deepEqual(chain(40).reasons, { options: 1 });
    const long = frame(spec(V6, { extensions: [60] }));
    long[14 + 40 + 1] = 255; // the header says that it has 2048 bytes
    assert.deepEqual(program.run(long).reasons, { options: 1 });
  });

  test(`${build}: pieces of a datagram follow the first one; those that come before it are dropped`, {
    skip,
  }, () => {
    for (const [family, protocolAt] of [
      [V4, 23],
      [V6, 54],
    ] as const) {
      const program = director(build, 'nat');
      const piece = (offset: number, more: boolean, id = 9): Uint8Array =>
        frame(
          spec(family, {
            fragment: { id, offset, more },
            body: offset === 0 ? udp : { kind: 'piece', protocol: 17, bytes: new Uint8Array(16) },
          }),
        );
      assert.equal(piece(8, false)[protocolAt], 17);
      assert.deepEqual(program.run(piece(16, true)).reasons, { 'fragment-orphan': 1 });
      assert.deepEqual(program.run(piece(0, true)).reasons, { new: 1 });
      const later = program.run(piece(16, true));
      assert.equal(later.verdict, 'send');
      assert.match(later.packet, new RegExp(`> ${family.real} ttl 63 piece$`));
      assert.deepEqual(
        program.run(piece(16, false, 10)).reasons,
        { 'fragment-orphan': 1 },
        'of another datagram',
      );
    }
  });

  test(`${build}: what is not for a virtual address passes, whatever it is`, { skip }, () => {
    const program = director(build, 'dr');
    const stranger = frame(spec({ ...V4, vip: '10.0.0.2' }));
    stranger[14] = 0x41; // broken as well: not ours to judge
    for (const bytes of [
      stranger,
      frame(spec({ ...V6, vip: 'fd00::2' })),
      Uint8Array.from({ length: 60 }, (_, at) => at), // some other protocol
      frame(spec(V4, { body: { kind: 'icmp', type: 8, code: 0, quoted: new Uint8Array(8) } })), // an echo, for the stack
    ]) {
      const { verdict, reasons } = program.run(bytes);
      assert.deepEqual({ verdict, reasons }, { verdict: 'pass', reasons: {} });
    }
    const port = frame(spec(V4, { body: { kind: 'tcp', ports: [1234, 22], flags: 'S' } }));
    assert.deepEqual(program.run(port).reasons, { 'no-service': 1 });
  });

  test(`${build}: the last hop is not exceeded`, { skip }, () => {
    const program = director(build, 'dr');
    for (const family of [V4, V6]) {
      assert.deepEqual(program.run(frame(spec(family, { ttl: 2 }))).verdict, 'send');
      const { verdict, reasons } = program.run(frame(spec(family, { ttl: 1 })));
      assert.equal(verdict, 'drop');
      assert.equal(reasons.ttl, 1);
    }
  });
}
