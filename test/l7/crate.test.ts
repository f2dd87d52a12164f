/** Servers on their way to another process: the same on the other side, and what they share is still shared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '#config';
import type { HttpModel, ServerModel } from '#model/l7/http.ts';
import { packServers, unpackServers } from '../../l7/crate.ts';

/** More servers than one crate holds; some with settings of their own, `if` and `limit_except` blocks among them. */
function model(): HttpModel {
  const servers = Array.from(
    { length: 20 },
    (_, n) => `server {
      listen 127.0.0.1:80;
      server_name s${n}.example.org;
      ${n % 3 === 0 ? `error_log /var/log/s${n}.log warn;` : ''}
      location / {
        proxy_pass http://127.0.0.1:90${n};
        limit_except GET { proxy_pass http://127.0.0.1:91; }
        location /deep/ { client_max_body_size ${n + 1}k; return 200 "x"; }
      }
      location ~ \\.(php|\xe9)$ { if ($host) { return 403; } }
    }`,
  );
  const text = `events { }\nhttp { proxy_read_timeout 7s; ${servers.join('\n')} }`;
  const source = { read: () => text, glob: () => [] };
  const { model: whole, diagnostics } = checkConfig('a', { source, prefix: '/p/', confDir: '/c/' });
  assert.deepEqual(diagnostics, []);
  return whole!.http!;
}

const plain = ({ names, serverName, listens, core, tls, root, site }: ServerModel): ServerModel => ({
  names,
  serverName,
  listens,
  core,
  tls,
  root,
  site,
});

test('crate: every server comes out as it went in', () => {
  const { servers } = model();
  const arrived = unpackServers(structuredClone(packServers(servers)));
  assert.equal(arrived.length, 20);
  assert.deepEqual(arrived.map(plain), servers.map(plain));
});

test('crate: what is opened is frozen, all the way down', () => {
  const [server] = unpackServers(packServers(model().servers));
  const { locations, settings } = server!.root;
  for (const part of [
    server!.core,
    server!.root,
    locations,
    locations[0],
    settings,
    settings.proxy,
    settings.core,
  ])
    assert.ok(Object.isFrozen(part));
});

test('crate: settings that servers share cross once', () => {
  const packed = packServers(model().servers);
  const [first, last] = [0, 19].map(at => unpackServers(packed)[at]!.root.settings.proxy);
  assert.equal(first?.readTimeoutMs, 7000);
  const arrived = unpackServers(packed);
  assert.equal(arrived[0]!.root.settings.proxy, arrived[19]!.root.settings.proxy);
  assert.notEqual(arrived[0]!.root.settings.log, arrived[19]!.root.settings.log);
  assert.deepEqual(first, last);
  const { settings, others } = packed.shared;
  assert.ok(settings.length > 0 && settings.length < 4, `${settings.length} settings`);
  assert.ok(others.length > 3 && others.length < 30, `${others.length} slices`);
});

test('crate: a server is opened when more of it is asked for than its name', () => {
  const packed = packServers(model().servers);
  const broken = { ...packed, bytes: packed.bytes.slice().fill(0) };
  const arrived = unpackServers(broken);
  assert.equal(arrived[7]!.serverName, 's7.example.org');
  assert.throws(() => arrived[7]!.root);
});

test('crate: no server at all', () => {
  assert.deepEqual(unpackServers(packServers([])), []);
});
