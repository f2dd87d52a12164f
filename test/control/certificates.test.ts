/** Certificates of a configuration: each once, by how much of its life is left, and never a key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '#config';
import { certificatesOf } from '../../control/certificates.ts';
import { developmentCertificate } from '../../control/demo/certificate.ts';

const DAY_MS = 86_400_000;

test('certificates: each is shown once with who shows it; soon and over are by its whole life', () => {
  const { key, certificate } = developmentCertificate(8);
  const files: Readonly<Record<string, string>> = { '/a.pem': certificate, '/a.key': key };
  const text = `http { server { listen 443 ssl; server_name a.test; ssl_certificate /a.pem; ssl_certificate_key /a.key; }
    server { listen 443 ssl; server_name b.test; ssl_certificate /a.pem; ssl_certificate_key /a.key; }
    server { listen 80; server_name c.test; } }`;
  const source = { read: (path: string) => files[path] ?? text, glob: () => [] };
  const { model, diagnostics } = checkConfig('/moat.conf', { source, prefix: '/', confDir: '/' });
  assert.deepEqual(diagnostics, []);
  const nowMs = Date.now();
  const at = (ms: number) => certificatesOf(model!, ms)[0]!;
  const [only, ...more] = certificatesOf(model!, nowMs);
  assert.deepEqual(more, []);
  assert.deepEqual([only!.usedBy, only!.state, only!.key], [['a.test', 'b.test'], 'good', 'EC prime256v1']);
  assert.ok(only!.names.includes('localhost'), only!.names.join());
  assert.ok(!JSON.stringify(only).includes('PRIVATE'));
  const life = only!.notAfterMs - only!.notBeforeMs;
  assert.ok(Math.abs(life - 8 * DAY_MS) <= DAY_MS);
  assert.equal(at(only!.notAfterMs - life / 4 - 1000).state, 'good');
  assert.equal(at(only!.notAfterMs - life / 4 + 1000).state, 'soon');
  assert.equal(at(only!.notAfterMs + 1000).state, 'expired');
  assert.equal(at(only!.notBeforeMs - 1000).state, 'not-yet');
});
