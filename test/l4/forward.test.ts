/** Packets through the very programs, in both builds: each mode, family and protocol, there and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS } from '../../l4/layout.ts';
import type { DirectorBuild } from '../../l4/programs.ts';
import { DIRECTOR_MAC, frame, ipPacket, type PacketSpec, REAL_MAC } from './packet.ts';
import { BUILDS, Program, programMissing, type RealSpec } from './program.ts';

const skip = programMissing();

type Family = { name: string; client: string; vip: string; real: string; pool: string };
const V4: Family = {
  name: 'IPv4',
  client: '192.0.2.9',
  vip: '10.0.0.1',
  real: '10.1.0.5',
  pool: '10.1.0.100',
};
const V6: Family = {
  name: 'IPv6',
  client: '2001:db8::9',
  vip: 'fd00::1',
  real: 'fd01::5',
  pool: 'fd01::100',
};
const FAMILIES = [V4, V6];
const PROTOCOLS = { tcp: 6, udp: 17 } as const;
type Protocol = keyof typeof PROTOCOLS;

const BACK_MAC = { to: DIRECTOR_MAC, from: REAL_MAC };

/** One service at the family's address, port 80, with one real server. */
function director(
  build: DirectorBuild,
  family: Family,
  protocol: Protocol,
  real: Partial<RealSpec>,
): Program {
  const program = new Program(build);
  program.real({ id: 3, address: family.real, ...real });
  program.service(1, [{ address: family.vip, port: 80, protocol: PROTOCOLS[protocol] }], [3]);
  program.settings({ pools: 2 });
  program.address(family.real, ADDRESS.real);
  program.address(family.pool, ADDRESS.source);
  const first = Uint8Array.from(family.name === 'IPv4' ? v4Mapped(family.pool) : v6(family.pool));
  program.maps.putPool(0, { first, addresses: 1, first_port: 2000, last_port: 2000 });
  const foreign = Uint8Array.from(family.name === 'IPv4' ? v6(V6.pool) : v4Mapped(V4.pool));
  program.maps.putPool(1, { first: foreign, addresses: 1, first_port: 2000, last_port: 2000 });
  return program;
}

const v4Mapped = (address: string) => [...Array(10).fill(0), 255, 255, ...address.split('.').map(Number)];
const v6 = (address: string) => {
  const bytes = Array(16).fill(0);
  const [head = '', tail = ''] = address.split('::');
  head.split(':').forEach((group, at) => {
    bytes[2 * at] = Number.parseInt(group, 16) >> 8;
    bytes[2 * at + 1] = Number.parseInt(group, 16) & 255;
  });
  bytes[15] = Number.parseInt(tail, 16) & 255;
  bytes[14] = Number.parseInt(tail, 16) >> 8;
  return bytes;
};

const request = (
  family: Family,
  protocol: Protocol,
  flags = 'S',
  more: Partial<PacketSpec> = {},
): PacketSpec => ({
  source: family.client,
  destination: family.vip,
  body:
    protocol === 'tcp'
      ? { kind: 'tcp', ports: [1234, 80], flags, payload: 5 }
      : { kind: 'udp', ports: [1234, 80], payload: 5 },
  ...more,
});

const side = (address: string, port: number) => `${address}:${port}`;

for (const build of BUILDS) {
  for (const family of FAMILIES) {
    for (const protocol of ['tcp', 'udp'] as const) {
      const at = `${build} ${family.name} ${protocol}`;
      const flags = (letters: string) => (protocol === 'tcp' ? `tcp ${letters}` : 'udp');

      test(`dr ${at}: only link addresses and the hop count change`, { skip }, () => {
        const program = director(build, family, protocol, {});
        const first = program.run(frame(request(family, protocol)));
        assert.equal(first.verdict, 'send');
        const addresses = `${side(family.client, 1234)} > ${side(family.vip, 80)}`;
        assert.equal(first.packet, `director > real | ${addresses} ttl 63 ${flags('S')}`);
        assert.deepEqual(first.reasons, { new: 1 });
        const next = program.run(frame(request(family, protocol, 'A')));
        assert.equal(next.packet, `director > real | ${addresses} ttl 63 ${flags('A')}`);
        assert.deepEqual(next.reasons, { hit: 1 });
        assert.equal(program.flows().length, 1);
      });

      test(`nat ${at}: the destination changes, and back again in the reply`, { skip }, () => {
        const program = director(build, family, protocol, { mode: 'nat', port: 8080 });
        const there = `director > real | ${side(family.client, 1234)} > ${side(family.real, 8080)} ttl 63`;
        assert.equal(program.run(frame(request(family, protocol))).packet, `${there} ${flags('S')}`);
        assert.equal(program.run(frame(request(family, protocol, 'A'))).packet, `${there} ${flags('A')}`);
        program.knowWaysBack();
        const ports: [number, number] = [8080, 1234];
        const reply = program.run(
          frame({
            ...BACK_MAC,
            source: family.real,
            destination: family.client,
            body:
              protocol === 'tcp' ? { kind: 'tcp', ports, flags: 'SA' } : { kind: 'udp', ports, payload: 3 },
          }),
        );
        assert.equal(
          reply.packet,
          `director > real | ${side(family.vip, 80)} > ${side(family.client, 1234)} ttl 63 ${flags('SA')}`,
        );
        assert.deepEqual(reply.reasons, { reply: 1 });
        assert.equal(program.flows().length, 2);
      });

      test(`fullnat ${at}: both addresses change, and back again in the reply`, { skip }, () => {
        const program = director(build, family, protocol, { mode: 'fullnat', port: 8080 });
        const there = `director > real | ${side(family.pool, 2000)} > ${side(family.real, 8080)} ttl 63`;
        assert.equal(program.run(frame(request(family, protocol))).packet, `${there} ${flags('S')}`);
        assert.equal(program.run(frame(request(family, protocol, 'A'))).packet, `${there} ${flags('A')}`);
        program.knowWaysBack();
        const ports: [number, number] = [8080, 2000];
        const reply = program.run(
          frame({
            ...BACK_MAC,
            source: family.real,
            destination: family.pool,
            body: protocol === 'tcp' ? { kind: 'tcp', ports, flags: 'SA' } : { kind: 'udp', ports },
          }),
        );
        assert.equal(
          reply.packet,
          `director > real | ${side(family.vip, 80)} > ${side(family.client, 1234)} ttl 63 ${flags('SA')}`,
        );
        // The pool has one port: another client finds none, and is told in the counters.
        const other = request(family, protocol);
        const source = family.client.replace(/9$/, '8');
        assert.deepEqual(program.run(frame({ ...other, source })).reasons, { 'no-port': 1 });
      });

      for (const outer of FAMILIES) {
        for (const tunnel of ['ipip', 'gue'] as const) {
          test(`tun ${at} in ${outer.name} by ${tunnel}: the packet goes whole into another one`, {
            skip,
          }, () => {
            const program = director(build, family, protocol, { mode: 'tun', tunnel, address: outer.real });
            const { packet, reasons } = program.run(frame(request(family, protocol)));
            const inner = `${side(family.client, 1234)} > ${side(family.vip, 80)} ttl 63 ${flags('S')}`;
            const [from, to] = outer === V4 ? ['10.1.0.254', V4.real] : ['fd01::fe', V6.real];
            if (tunnel === 'ipip')
              assert.equal(packet, `director > real | ${from} > ${to} ttl 64 ipip [${inner}]`);
            else {
              const next = family === V4 ? 4 : 41;
              const port = /:(\d+) > \S+:6080/.exec(packet)?.[1];
              assert.ok(Number(port) >= 49152, packet);
              assert.equal(
                packet,
                `director > real | ${from}:${port} > ${to}:6080 ttl 64 gue ${next} no-sum [${inner}]`,
              );
            }
            assert.deepEqual(reasons, { new: 1 });
          });
        }
      }
    }

    test(`${build} ${family.name}: VLAN tags stay, one or two`, { skip }, () => {
      for (const vlans of [[5], [5, 6]]) {
        for (const [mode, what] of [
          ['dr', `${side(family.client, 1234)} > ${side(family.vip, 80)} ttl 63 tcp S`],
          ['nat', `${side(family.client, 1234)} > ${side(family.real, 80)} ttl 63 tcp S`],
        ] as const) {
          const program = director(build, family, 'tcp', { mode });
          // The kernel takes the outer tag off before tc sees the frame; the test run does not.
          const { packet } = program.run(frame(request(family, 'tcp', 'S', { vlans })));
          assert.equal(packet, `director > real ${vlans.map(id => `vlan ${id}`).join(' ')} | ${what}`);
        }
      }
    });

    test(`${build} ${family.name}: an ICMP error goes to the real server whose packet it quotes`, {
      skip,
    }, () => {
      const quoted = ipPacket({
        source: family.vip,
        destination: family.client,
        body: { kind: 'tcp', ports: [80, 1234], flags: 'A', payload: 40 },
      }).subarray(0, family === V4 ? 28 : 88);
      const [type, code] = family === V4 ? [3, 4] : [2, 0];
      const router = family === V4 ? '198.51.100.1' : '2001:db8:1::1';
      const error: PacketSpec = {
        source: router,
        destination: family.vip,
        body: { kind: 'icmp', type, code, word: 1400, quoted },
      };
      const name = family === V4 ? 'icmp 3/4' : 'icmp6 2/0';
      for (const [mode, from] of [
        ['dr', side(family.vip, 80)],
        ['nat', side(family.real, 8080)],
      ] as const) {
        const program = director(build, family, 'tcp', { mode, port: mode === 'dr' ? 0 : 8080 });
        program.run(frame(request(family, 'tcp')));
        const { packet, reasons } = program.run(frame(error));
        const to = mode === 'dr' ? family.vip : family.real;
        const inner = `${from} > ${side(family.client, 1234)} ttl 64 tcp`;
        assert.equal(packet, `director > real | ${router} > ${to} ttl 63 ${name} 1400 [${inner}]`);
        assert.deepEqual(reasons, { icmp: 1 });
      }
    });

    test(`${build} ${family.name}: an ICMP error of a nat real server comes from the virtual address`, {
      skip,
    }, () => {
      const program = director(build, family, 'udp', { mode: 'nat', port: 53 });
      program.run(frame(request(family, 'udp')));
      program.knowWaysBack();
      const quoted = ipPacket({
        source: family.client,
        destination: family.real,
        body: { kind: 'udp', ports: [1234, 53], payload: 5 },
      });
      const [type, code] = family === V4 ? [3, 3] : [1, 4];
      const { packet } = program.run(
        frame({
          ...BACK_MAC,
          source: family.real,
          destination: family.client,
          body: { kind: 'icmp', type, code, quoted },
        }),
      );
      const name = family === V4 ? 'icmp 3/3' : 'icmp6 1/4';
      const inner = `${side(family.client, 1234)} > ${side(family.vip, 80)} ttl 64 udp`;
      assert.equal(packet, `director > real | ${family.vip} > ${family.client} ttl 63 ${name} 0 [${inner}]`);
    });
  }
}
