/** Endpoints that would stand in one slot: each leads to its own service, whoever came first, and however they come and go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndpointPlace, endpointKey } from '../../l4/maps.ts';
import { endpointSlotOf } from '../../l4/sieve.ts';
import { frame } from './packet.ts';
import { BUILDS, Program, programMissing } from './program.ts';

const skip = programMissing();
const ADDRESSES = ['10.0.0.1', 'fd00::1'] as const;

/** Some ports of an address whose slot is that of its port 80. */
function crowd(address: string): EndpointPlace[] {
  const all = Array.from({ length: 65_536 }, (_, port) => ({ address, port, protocol: 6 }));
  const slot = endpointSlotOf(endpointKey(all[80]!));
  const others = all.filter(place => place.port !== 80 && endpointSlotOf(endpointKey(place)) === slot);
  assert.ok(others.length > 20, 'ports are spread over the slots');
  return [all[80]!, ...others.slice(0, 5)];
}

let client = 0;
/** Which of the services a new connection came to: each has one real server. */
function serviceAt(program: Program, { address, port }: EndpointPlace): number | string {
  const v6 = address.includes(':');
  const { packet, reasons } = program.run(
    frame({
      source: v6 ? 'fd00::9' : '192.0.2.9',
      destination: address,
      body: { kind: 'tcp', ports: [1024 + client++, port], flags: 'S' },
    }),
  );
  const found = / > (?:10\.1\.0\.|fd01::)(\d+)[: \].]/.exec(packet);
  return found ? Number(found[1]) : Object.keys(reasons).join();
}

for (const build of BUILDS)
  for (const address of ADDRESSES)
    test(`${build}: endpoints of one slot, ${address}`, { skip }, () => {
      const program = new Program(build);
      const places = crowd(address);
      const [first, second, ...rest] = places as [EndpointPlace, EndpointPlace, ...EndpointPlace[]];
      for (const [at, place] of places.entries()) {
        const id = at + 1;
        program.real({ id, address: address.includes(':') ? `fd01::${id}` : `10.1.0.${id}`, mode: 'nat' });
        program.service(id, [place], [id]);
      }
      const all = () => places.map(place => serviceAt(program, place));
      assert.deepEqual(all(), [1, 2, 3, 4, 5, 6]);
      // The one that stands in the slot goes, and another one takes its place there.
      program.maps.dropEndpoint(first);
      assert.deepEqual(all(), ['no-service', 2, 3, 4, 5, 6]);
      program.maps.putEndpoint(second, 3);
      assert.deepEqual(all(), ['no-service', 3, 3, 4, 5, 6]);
      program.maps.putEndpoint(first, 6);
      assert.deepEqual(all(), [6, 3, 3, 4, 5, 6]);
      program.maps.putEndpoint(second, 1);
      for (const place of rest) program.maps.dropEndpoint(place);
      assert.deepEqual(all(), [6, 1, ...rest.map(() => 'no-service')]);
    });

test('slots: endpoints of some services stand in slots of their own, mostly', () => {
  const keys = Array.from({ length: 100 }, (_, at) =>
    endpointKey({ address: `10.0.${at >> 4}.${at & 15}`, port: at & 1 ? 443 : 80, protocol: 6 }),
  );
  assert.ok(new Set(keys.map(endpointSlotOf)).size > 85);
});
