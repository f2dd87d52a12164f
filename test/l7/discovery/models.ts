/** Sources as the configuration would have them, for tests. */
import assert from 'node:assert/strict';
import { checkConfig } from '#config';
import type { DiscoveryModel } from '#model/l7/discovery.ts';
import type { PoolModel } from '#model/l7/upstream.ts';

/** A pool `app` with these lines. */
export function poolWith(...lines: string[]): PoolModel {
  const text = `http { upstream app { ${lines.join(' ')} } }`;
  const source = { read: () => text, glob: () => [] };
  const { model, diagnostics } = checkConfig('test', { source, prefix: '/', confDir: '/' });
  assert.deepEqual(diagnostics, []);
  return model!.http!.pools[0]!;
}

export function discovery<K extends DiscoveryModel['kind']>(
  kind: K,
  words: string,
): DiscoveryModel & { readonly kind: K } {
  const [found] = poolWith(`discover ${kind} ${words};`).discovery;
  assert.equal(found?.kind, kind);
  return found as DiscoveryModel & { readonly kind: K };
}
