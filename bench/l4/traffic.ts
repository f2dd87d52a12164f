/** The director that is measured by test runs: its tables, and the packets that go through it. */
import { ADDRESS, SERVICE } from '../../l4/layout.ts';
import { runProgram } from '../../native/bpf.ts';
import { frame } from '../../test/l4/packet.ts';
import type { Program } from '../../test/l4/program.ts';

export type Mode = 'dr' | 'nat' | 'fullnat' | 'ipip' | 'gue';
export const MODES: readonly Mode[] = ['dr', 'nat', 'fullnat', 'ipip', 'gue'];
export const VIP = '10.0.0.1';
const REALS = 20;
/** Packets leave where they came in, as with one network card: a test run's is lo. */
const WAY_IN = 1;
const RING = 4093;
/** Services with rings of their own; the others are addresses of the first, for a ring takes memory. */
const RINGS_MOST = 25;
const PORTS = 60_000;

/** Of the client with this number: 2 ** 16 addresses with 60 000 ports each. */
export const segment = (client: number, flags: string, destination = VIP): Uint8Array =>
  frame({
    source: `172.16.${(client >> 8) & 255}.${client & 255}`,
    destination,
    ttl: 255,
    body: { kind: 'tcp', ports: [1024 + (client % PORTS), 80], flags, payload: 0 },
  });

/** What a real server of nat answers to that client. */
export const reply = (client: number, real: string): Uint8Array =>
  frame({
    source: real,
    destination: `172.16.${(client >> 8) & 255}.${client & 255}`,
    ttl: 255,
    body: { kind: 'tcp', ports: [80, 1024 + (client % PORTS)], flags: 'A', payload: 0 },
  });

/** One service at the VIP, and more beside it. @param values of the services */
export function serve(
  program: Program,
  mode: Mode,
  services = 1,
  values: { flags?: number; syns?: number } = {},
): void {
  const tunnel = mode === 'gue' ? 'gue' : 'ipip';
  const forward = mode === 'gue' || mode === 'ipip' ? 'tun' : mode;
  for (let id = 1; id <= REALS; id++)
    program.real({ id, address: `10.1.0.${id}`, mode: forward, tunnel, interface: WAY_IN });
  const ring = Array.from({ length: RING }, (_, slot) => 1 + (slot % REALS));
  const { flags = 0, syns = 0 } = values;
  const limits = { flags, source: { syns, packets: 0, connections: 0 } };
  for (let id = 1; id <= services; id++) {
    const address = id === 1 ? VIP : `10.2.${id >> 8}.${id & 255}`;
    if (id <= RINGS_MOST) program.service(id, [{ address, port: 80, protocol: 6 }], ring, limits);
    else {
      program.address(address, ADDRESS.virtual);
      program.maps.putEndpoint({ address, port: 80, protocol: 6 }, 1);
    }
  }
  program.settings({ pools: 1 });
  if (mode === 'nat') for (let id = 1; id <= REALS; id++) program.address(`10.1.0.${id}`, ADDRESS.real);
  if (mode !== 'fullnat') return;
  const first = Uint8Array.from([...Array(10).fill(0), 255, 255, 10, 1, 1, 1]);
  program.maps.putPool(0, { first, addresses: 4, first_port: 1024, last_port: 65535 });
}

export const COOKIES = { flags: SERVICE.cookies };

export const runAll = (program: Program, packets: readonly Uint8Array[]): void => {
  for (const data of packets) runProgram(program.fd, { data });
};
