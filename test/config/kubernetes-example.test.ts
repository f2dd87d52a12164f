/** The example of routes by Kubernetes is sound, and its RBAC gives what is read, by list and watch alone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { checkConfig } from '../../config/config.ts';
import { resourcesOf } from '../../l7/kubernetes/resources.ts';
import { Authority } from '../l7/authority.ts';

const FOLDER = join(resolve(import.meta.dirname, '../..'), 'examples/kubernetes');

test('examples/kubernetes: the configuration has no fault, and the rights are those of what it reads', () => {
  using authority = new Authority();
  const edge = authority.issue('edge.example');
  const read = (path: string) =>
    path.endsWith('.crt') ? edge.cert : path.endsWith('.key') ? edge.key : readFileSync(path, 'utf8');
  const { model, diagnostics } = checkConfig(join(FOLDER, 'moat.conf'), {
    source: { read, glob: () => [] },
    prefix: '/',
    confDir: '/',
  });
  assert.deepEqual(diagnostics, []);
  const rbac = readFileSync(join(FOLDER, 'rbac.yaml'), 'utf8')
    .split('\n')
    .filter(line => !/^\s*#/.test(line))
    .join('\n');
  const given = [...rbac.matchAll(/resources: \[([^\]]+)\]/g)].flatMap(([, names = '']) => names.split(', '));
  const wanted = resourcesOf(model!.http!.kubernetes[0]!).map(({ kind }) => kind);
  assert.deepEqual([...new Set(given)].sort(), [...wanted, 'endpointslices'].sort());
  const verbs = [...rbac.matchAll(/verbs: \[([^\]]+)\]/g)].map(([, names]) => names);
  assert.ok(verbs.length > 4 && verbs.every(names => names === 'list, watch'));
});
