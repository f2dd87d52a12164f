/** The revision that two nodes compare: what they serve counts, and not how their files are laid out. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { load } from '../../control/load.ts';
import { invocationFrom } from '../../control/options.ts';
import { revisionOf } from '../../control/revision.ts';

const L4 = `l4 { attach eth0 tc; pin_path PINS; hash_secret 0123456789abcdef;
  virtual_server 192.0.2.10:80 tcp { mode dr; real_server 192.0.2.21; health_check tcp; } }`;
const HTTP = `http { server { listen 80; location ~ ^/a { return 204; } location / { proxy_pass http://192.0.2.31; } } }`;
const cluster = (own: number, peer: number) => `cluster {
  vrrp_instance V { interface eth0; vrid 51; priority ${own}0; virtual_address 192.0.2.10/24; }
  heartbeat { path 192.0.2.${own} 192.0.2.${peer}; path 192.0.3.${own} 192.0.3.${peer}; key 0123456789abcdef; } }`;

// One folder: other paths of files served are another configuration.
const dir = mkdtempSync(join(tmpdir(), 'moat-test-revision-'));
after(() => rmSync(dir, { recursive: true }));

function revision(text: string, name = 'moat.conf'): string {
  writeFileSync(join(dir, name), text);
  const { model, diagnostics } = load(invocationFrom({ config: join(dir, name), prefix: dir }));
  assert.ok(model, JSON.stringify(diagnostics));
  return revisionOf(model);
}

const first = revision(`events { }\n${cluster(1, 2)}\n${L4.replace('PINS', '/sys/fs/bpf/a')}\n${HTTP}`);

test('revision: files, lines, pins, priorities and own addresses may differ', () => {
  const comments = '# a line\n# or two\n';
  const second = `events { }\n${comments}${cluster(2, 1)}\n${comments}${L4.replace('PINS', '/sys/fs/bpf/b')}\n${comments}${HTTP}`;
  assert.equal(revision(second, 'other.conf'), first);
});

for (const [what, from, to] of [
  ['a real server', '192.0.2.21', '192.0.2.22'],
  ['a regular expression', '^/a', '^/b'],
  ['a virtual address', '192.0.2.10/24', '192.0.2.11/24'],
] as const)
  test(`revision: ${what} does not`, () => {
    const text = `events { }\n${cluster(1, 2)}\n${L4.replace('PINS', '/sys/fs/bpf/a')}\n${HTTP}`;
    assert.notEqual(revision(text.replace(from, to)), first);
  });
