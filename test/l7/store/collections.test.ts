/** Collections of the firewall that two moats share: one count, also for a moat that comes later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { inStep, type Node, newNodes, startNode, WAYS } from './two-moats.ts';

for (const [name, { skip, open }] of Object.entries(WAYS))
  test(`session store, ${name}: what rules count in a collection is one count for both moats`, {
    skip,
  }, async () => {
    await using stage = await open();
    const { conf } = stage;
    const [a, b] = await newNodes();
    const rules = `SecAction "id:2,phase:1,nolog,pass,initcol:ip=%{ARGS.k},setvar:ip.seen=+1,expirevar:ip.seen=600"
SecRule IP:SEEN "@gt 20" "id:3,phase:1,deny,status:429"
`;
    const http = ({ port }: Node) =>
      `waf block; waf_rules own.conf; waf_collections 2m; server { listen 127.0.0.1:${port}; location / { try_files /none =404; } }`;
    const ask = async (port: number, key: string, count: number) => {
      const answers = await Promise.all(
        Array.from({ length: count }, () => request(port, { path: `/?k=${key}` })),
      );
      return answers.filter(({ status }) => status === 429).length;
    };
    const files = { 'own.conf': rules };
    await using first = await startNode(conf(a, b, http(a)), files);
    assert.equal(await ask(a.port, 'early', 20), 0);
    await using second = await startNode(conf(b, a, http(b)), files);
    await inStep([first, second]);
    await until(async () => (await ask(b.port, 'early', 1)) === 1, 'the twenty of before to be known');
    // Ten here and ten there; then each knows of all twenty, and refuses the next.
    assert.deepEqual([await ask(a.port, 'k', 10), await ask(b.port, 'k', 10)], [0, 0]);
    await until(async () => (await ask(a.port, 'k', 1)) === 1 && (await ask(b.port, 'k', 1)) === 1);
  });
