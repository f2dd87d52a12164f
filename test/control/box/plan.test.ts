/** The box as data: addresses that do not collide, and configurations that moat takes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clusterBlock, holdersOf } from '../../../control/box/cluster.ts';
import { directorConfiguration, membersOf, proxyLines } from '../../../control/box/configuration.ts';
import { nodesOf, type Plan, planOf, WITNESSES } from '../../../control/box/plan.ts';
import { synFrom } from '../../../control/box/syn.ts';
import { writeSite } from '../../../control/demo/site.ts';
import { load } from '../../../control/load.ts';
import { invocationFrom } from '../../../control/options.ts';
import { FORWARD_MODES } from '../../../model/l4/virtual-server.ts';

const SECRET = '0123456789abcdef';
const wish = { number: 3, http: 8080, https: 8443, perSecond: 200, directors: 2, witness: 'redis' } as const;
const addressesOf = (plan: Plan) =>
  plan.nodes.flatMap(({ wires }) => wires.flatMap(({ addresses }) => addresses));

function faultsOf(write: (dir: string) => void): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'moat-test-plan-'));
  try {
    write(dir);
    return load(invocationFrom({ config: join(dir, 'moat.conf') })).diagnostics.map(({ message }) => message);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

for (const mode of FORWARD_MODES)
  for (const ip6 of [true, false]) {
    const plan = planOf({ ...wish, mode, ip6 });

    test(`box, ${mode}, ${ip6 ? 'IPv6 too' : 'IPv4 alone'}: no address twice, and none of another box`, () => {
      const mine = [...addressesOf(plan), ...plan.ownAddresses];
      assert.equal(new Set(mine).size, mine.length);
      assert.equal(
        mine.some(address => address.includes(':')),
        ip6,
      );
      const others = new Set(addressesOf(planOf({ ...wish, number: 4, mode, ip6 })));
      assert.deepEqual(
        mine.filter(address => others.has(address)),
        [],
      );
    });

    test(`box, ${mode}, ${ip6 ? 'IPv6 too' : 'IPv4 alone'}: moat takes the configurations`, () => {
      const directors = nodesOf(plan, 'director');
      assert.equal(directors.length, 2);
      for (const node of directors)
        assert.deepEqual(
          faultsOf(dir => {
            const site = { dir, pinPath: '/sys/fs/bpf/moat', secret: SECRET };
            writeFileSync(join(dir, 'moat.conf'), directorConfiguration(plan, node, site));
          }),
          [],
        );
      const [proxy] = plan.nodes.filter(({ role }) => role === 'proxy');
      const site = { ...plan, addresses: ['0.0.0.0', '[::]'], members: membersOf(plan), workers: 2 };
      assert.deepEqual(
        faultsOf(dir => writeSite(dir, { ...site, more: proxyLines(proxy!, SECRET) })),
        [],
      );
      const bare = planOf({ ...wish, mode, ip6, directors: 0 });
      const holders = holdersOf(bare);
      assert.deepEqual(
        holders.map(({ name }) => name),
        ['proxy1', 'proxy2'],
      );
      for (const node of holders)
        assert.deepEqual(
          faultsOf(dir =>
            writeSite(dir, { ...site, beside: clusterBlock(bare, node, { dir, secret: SECRET }) }),
          ),
          [],
        );
    });
  }

for (const witness of WITNESSES)
  for (const directors of [2, 0] as const)
    test(`box, witness ${witness}, ${directors} directors: both nodes of the pair have two paths at least, turned round, and it`, () => {
      const plan = planOf({ ...wish, mode: 'nat', ip6: true, directors, witness });
      const [first, second] = holdersOf(plan).map(node => {
        const block = clusterBlock(plan, node, { dir: '/nowhere', secret: SECRET });
        const [, heartbeat = ''] = /heartbeat \{(.*)\}/.exec(block) ?? [];
        assert.equal(/ witness (\w+)/.exec(heartbeat)?.[1] ?? 'none', witness);
        return [...heartbeat.matchAll(/path (\S+) (\S+);/g)].map(([, own, peer]) => [own, peer]);
      });
      assert.ok(first!.length >= 2);
      assert.deepEqual(
        first,
        second!.map(path => path.toReversed()),
      );
    });

test('synFrom: the checksum is what the kernel would compute', () => {
  const bytes = Buffer.from(synFrom('198.18.1.150', '198.18.1.100', 8080)(40_000, 0x0102_0304));
  assert.equal(bytes.readUInt16BE(2), 8080);
  // RFC 1071: with the checksum in its place, the sum over pseudo header and segment is all ones.
  let sum = 0xc612 + 0x0196 + 0xc612 + 0x0164 + 6 + 20;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  assert.equal(sum, 0xffff);
});
