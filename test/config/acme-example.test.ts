/** The example of automatic certificates is a configuration that moat takes, and nothing is asked of the network. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkConfig } from '#config';
import { diskSource } from '../../control/load.ts';

test('moat check: examples/acme is sound, without a warning', () => {
  const file = join(import.meta.dirname, '../../examples/acme/moat.conf');
  const { model, diagnostics } = checkConfig(file, {
    source: diskSource(),
    prefix: '/',
    confDir: '/',
    asRoot: true,
  });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    model?.acme?.certificates.map(({ issuer, identifiers }) => [
      issuer,
      identifiers.map(({ value }) => value),
    ]),
    [
      ['letsencrypt', ['example.org', 'www.example.org']],
      ['short', ['api.example.org']],
      ['wild', ['*.example.com', 'example.com']],
    ],
  );
});
