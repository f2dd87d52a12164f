/** The model is frozen data: whoever is given it can not change it for the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '#config';

test('model: it is frozen, down to the servers', () => {
  const text = `events { } http { upstream u { server 127.0.0.1:1; } map $uri $m { /a 1; }
    server { listen 127.0.0.1:80; location / { proxy_pass http://u; } } }`;
  const source = { read: () => text, glob: () => [] };
  const { model, diagnostics } = checkConfig('a', { source, prefix: '/p/', confDir: '/c/' });
  assert.deepEqual(diagnostics, []);
  const { process, http } = model!;
  const { listens, servers, pools, variables } = http!;
  const parts = [
    model,
    process,
    http,
    listens,
    servers,
    servers[0],
    pools,
    pools[0],
    pools[0]!.members,
    variables,
  ];
  for (const part of [...parts, ...pools[0]!.members, ...variables]) assert.ok(Object.isFrozen(part));
});
