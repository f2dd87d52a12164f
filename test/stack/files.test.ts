/** The files of the compose stack, without an engine: what they say is so, and fits together. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { PROGRAMS } from '../e2e/rig.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'deploy/compose');
const stack = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
const services: Record<string, Record<string, unknown>> = stack.services;

/** The folder as containers see it, with keys that were drawn by its own program. */
function unpacked(): { dir: string; [Symbol.dispose](): void } {
  const dir = mkdtempSync(join(tmpdir(), 'moat-stack-'));
  cpSync(FOLDER, dir, { recursive: true });
  drawKeys(dir);
  writeFileSync(join(dir, 'interface.conf'), 'interface lo;\n');
  writeFileSync(join(dir, 'attach.conf'), 'attach lo tc;\n');
  for (const name of readdirSync(dir).filter(one => one.endsWith('.conf'))) {
    const text = readFileSync(join(dir, name), 'latin1');
    writeFileSync(join(dir, name), text.replaceAll('/keys/', `${dir}/`).replaceAll('/run/', `${dir}/`));
  }
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

function drawKeys(dir: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(FOLDER, 'keys.ts'), dir, dir], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('stack: moat takes the configuration of every node', () => {
  using stood = unpacked();
  const nodes = ['director-1', 'director-2', 'proxy-1', 'proxy-2', 'web'];
  for (const node of nodes) {
    const { status, stdout } = spawnSync(PROGRAMS.moat, ['check', join(stood.dir, `${node}.conf`)], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${node}: ${stdout}`);
  }
});

test('stack: keys are drawn once, are long, and are for root alone', () => {
  using stood = unpacked();
  const key = readFileSync(join(stood.dir, 'hash.key'), 'utf8');
  assert.match(key, /^[\w-]{43}\n$/);
  assert.equal(drawKeys(stood.dir), '');
  assert.equal(readFileSync(join(stood.dir, 'hash.key'), 'utf8'), key);
  for (const name of readdirSync(stood.dir).filter(one => /\.(key|password)$/.test(one)))
    assert.equal(statSync(join(stood.dir, name)).mode & 0o777, 0o400, name);
});

test('stack: containers have no more rights than they need, and no secret', () => {
  for (const [name, service] of Object.entries(services)) {
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.equal(service.privileged, undefined, name);
    assert.ok(service.read_only === true || name === 'grafana', name);
    assert.ok(!JSON.stringify(service).includes('docker.sock'), name);
    assert.doesNotMatch(JSON.stringify(service.environment ?? {}), /password|secret/i, name);
    for (const port of (service.ports ?? []) as string[]) assert.match(port, /^127\.0\.0\.1:/, name);
  }
});

test('stack: addresses in compose are those in the configurations', () => {
  for (const [name, { networks }] of Object.entries(services)) {
    if (!/^(director|proxy)-/.test(name)) continue;
    const text = readFileSync(join(FOLDER, `${name}.conf`), 'utf8');
    for (const { ipv4_address: address } of Object.values(
      networks as Record<string, { ipv4_address: string }>,
    ))
      assert.ok(text.includes(`path ${address} `), `${name}.conf: no path from ${address}`);
  }
});

test('stack: alerts and dashboards ask for metrics that there are', () => {
  const sources = ['alerts.yml', 'grafana/dashboards/moat.json'];
  const asked = sources.flatMap(
    path => readFileSync(join(FOLDER, path), 'utf8').match(/\bmoat_[a-z0-9_]+/g) ?? [],
  );
  assert.ok(asked.length > 10);
  const written = spawnSync(
    'grep',
    ['-rhoE', '[a-z0-9_]{6,}', 'l7', 'control', 'docs/reference/metrics.md'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  // Where they are written, the prefix and the endings of histograms are put around them.
  const names = new Set(written.stdout.split('\n').map(one => one.replace(/^moat_/, '')));
  for (const name of asked) assert.ok(names.has(name.replace(/^moat_|_(bucket|sum|count)$/g, '')), name);
});
