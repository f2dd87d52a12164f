/** The steward with an engine for its one thread: members that change while requests go on, and the file that keeps them. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { checkConfig } from '#config';
import type { HttpModel } from '#model/l7/http.ts';
import type { MemberModel } from '#model/l7/upstream.ts';
import { listenTcp, localAddress } from '#native/socket.ts';
import { Log } from '../../../kit/log.ts';
import { AloneState } from '../../../l7/alone.ts';
import { Engine } from '../../../l7/engine.ts';
import { serverLine } from '../../../l7/upstream/state-file.ts';
import { PoolSteward } from '../../../l7/upstream/steward.ts';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { response } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { memberModel } from '../balance/field.ts';
import { Servers } from './servers.ts';

/** A name at locks that no thread has. */
const ALONE = 99;

/** Reads a configuration from the disk. */
function read(file: string): HttpModel {
  const source = {
    read: (path: string) => readFileSync(path, 'latin1'),
    glob: (pattern: string) => (existsSync(pattern) ? [pattern] : []),
  };
  const { model, diagnostics } = checkConfig(file, { source, prefix: '/', confDir: '/' });
  assert.deepEqual(diagnostics, []);
  return model!.http!;
}

/** An engine and its steward, as the L7 process has them. */
class Stage {
  readonly lines: string[] = [];
  readonly engine: Engine;
  readonly steward: PoolSteward;
  port = 0;
  #revision = 0;

  constructor() {
    const sink = { write: (line: string) => this.lines.push(line) };
    const log = new Log([{ level: 'info', sink }], 'test', { now: () => '' });
    this.engine = new Engine({
      workerId: 0,
      place: 1,
      report: ({ message }) => this.lines.push(message),
      errorSink: (_, level, message) => this.lines.push(`[${level}] ${message}`),
      errorLogs: [{ target: { kind: 'stderr' }, level: 'info' }],
    });
    this.steward = new PoolSteward({
      seat: { slots: 2, slot: 0, owner: ownerOf(threadId) },
      log: () => log,
      change: async shares => this.engine.changePools(shares),
      settle: async () => this.engine.settlePools(),
    });
  }

  async load(file: string): Promise<void> {
    const http = read(file);
    await this.steward.prepare(http, []);
    this.engine.prepare(++this.#revision, http, {
      zones: new AloneState(ALONE).of(http).zones,
      pools: { shares: this.steward.shares(), secret: 'x' },
    });
    this.steward.commit();
    this.engine.commit(this.#revision);
    await this.steward.settle();
    if (this.port !== 0) return;
    const fd = listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 64 });
    this.port = localAddress(fd).port;
    this.engine.listen(Object.keys(http.listens)[0]!, fd);
  }

  [Symbol.dispose](): void {
    this.steward.close();
    this.engine.closeAll();
  }
}

const member = (address: string, also: Partial<MemberModel> = {}) => memberModel(address, also);

test('state: members are read from the file, changed while requests go on, and written back', async () => {
  await using servers = await Servers.start(3);
  const dir = mkdtempSync(join(tmpdir(), 'state-'));
  const [file, state] = [join(dir, 'moat.conf'), join(dir, 'app.state')];
  writeFileSync(
    file,
    `http { access_log off; upstream app { state ${state}; } server { listen 127.0.0.1:1; location / { proxy_pass http://app; } } }`,
  );
  using stage = new Stage();
  await stage.load(file);
  const body = async () => (await request(stage.port)).body;
  assert.equal((await request(stage.port)).status, 502, 'no file, no members');
  await stage.steward.replaceMembers('app', [member(servers.at('a')), member(servers.at('b'))]);
  assert.deepEqual(new Set([await body(), await body()]), new Set(['a', 'b']));

  let release = () => {};
  servers.behave('a', () => new Promise(done => (release = () => done(response(200, 'late a')))));
  const replies = [body(), body()];
  while (stage.steward.snapshot()[0]!.members[0]!.inFlight === 0)
    await new Promise(done => setTimeout(done, 5));
  await stage.steward.replaceMembers('app', [
    member(servers.at('c'), { weight: 3 }),
    member(servers.at('a')),
  ]);
  const [before] = stage.steward.snapshot();
  assert.deepEqual(
    before!.members.map(one => [one.address, one.inFlight, one.weight]),
    [
      [servers.at('c'), 0, 3],
      [servers.at('a'), 1, 1],
    ],
    'what is in flight goes along',
  );
  release();
  assert.deepEqual((await Promise.all(replies)).sort(), ['b', 'late a']);
  servers.behave('a');
  assert.equal([await body(), await body(), await body(), await body()].sort().join(''), 'accc');
  assert.equal(stage.steward.snapshot()[0]!.members[1]!.inFlight, 0);

  assert.equal(
    readFileSync(state, 'latin1'),
    `server ${servers.at('c')} weight=3;\nserver ${servers.at('a')};\n`,
  );
  assert.deepEqual(readdirSync(dir).sort(), ['app.state', 'moat.conf'], 'nothing half written lies about');
  await stage.load(file);
  assert.equal(
    [await body(), await body(), await body(), await body()].sort().join(''),
    'accc',
    'a reload reads it back',
  );
  rmSync(dir, { recursive: true });
});

test('state: a pool without a file, or a file that cannot be written, changes nothing', async () => {
  await using servers = await Servers.start(2);
  const dir = mkdtempSync(join(tmpdir(), 'state-'));
  const file = join(dir, 'moat.conf');
  writeFileSync(join(dir, 'old.state'), `server ${servers.at('a')};`);
  const pools = `upstream plain { server ${servers.at('a')}; } upstream app { state ${dir}/old.state; }`;
  writeFileSync(
    file,
    `http { access_log off; ${pools} server { listen 127.0.0.1:1; location / { proxy_pass http://app; } } }`,
  );
  using stage = new Stage();
  await stage.load(file);
  await assert.rejects(stage.steward.replaceMembers('plain', []), RangeError);
  await assert.rejects(stage.steward.replaceMembers('none', []), RangeError);
  rmSync(dir, { recursive: true });
  await assert.rejects(stage.steward.replaceMembers('app', [member(servers.at('b'))]), /ENOENT/);
  assert.equal((await request(stage.port)).body, 'a');
});

test('state: every parameter of a member is written, and read back the same', () => {
  const all = member('10.0.0.1:81', {
    weight: 2,
    maxFails: 0,
    failTimeoutMs: 1500,
    maxConns: 7,
    slowStartMs: 2500,
    backup: true,
    down: true,
    drain: true,
    route: 'a "b" \\c',
  });
  const dir = mkdtempSync(join(tmpdir(), 'state-'));
  const file = join(dir, 'moat.conf');
  writeFileSync(file, `http { upstream app { server 10.0.0.9; ${serverLine(all)} } }`, 'latin1');
  const [, back] = read(file).pools[0]!.members;
  assert.deepEqual(back, { ...all, host: '10.0.0.1', port: 81 });
  rmSync(dir, { recursive: true });
});

test('snapshot: states and counts of members, from what requests did', async () => {
  await using servers = await Servers.start(3);
  const dir = mkdtempSync(join(tmpdir(), 'state-'));
  const file = join(dir, 'moat.conf');
  const lines = `server ${servers.at('a')}; server ${servers.at('b')} fail_timeout=1h; server ${servers.at('c')} down; server 10.0.0.1 drain backup;`;
  writeFileSync(
    file,
    `http { access_log off; upstream app { ${lines} } server { listen 127.0.0.1:1; location / { proxy_pass http://app; } } }`,
  );
  using stage = new Stage();
  await stage.load(file);
  servers.behave('b', (_, socket) => {
    socket.destroy();
    return undefined;
  });
  for (let n = 0; n < 4; n++) await request(stage.port);
  servers.behave('a', () => response(404));
  await request(stage.port);
  const [app] = stage.steward.snapshot();
  assert.deepEqual(
    app!.members.map(one => one.state),
    ['up', 'unavailable', 'down', 'drain'],
  );
  const [a, b] = app!.members;
  assert.deepEqual(
    [
      a!.counts.requests,
      a!.counts.responses2xx,
      a!.counts.responses4xx,
      a!.counts.fails,
      a!.counts.connections,
    ],
    [5, 4, 1, 0, 1],
  );
  assert.deepEqual([b!.counts.requests, b!.counts.fails, b!.failsNow], [1, 1, 1]);
  assert.ok(a!.counts.bytesReceived > 100 && a!.counts.bytesSent > 100);
  assert.equal(
    stage.engine.tables.pools.named('app')!.snapshot().members[0]!.counts.requests,
    5,
    'threads see the same',
  );
  rmSync(dir, { recursive: true });
});
