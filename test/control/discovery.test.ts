/** Members that pools find by themselves, in a whole moat: requests go on while they come and go, and a start needs no source. */
import assert from 'node:assert/strict';
import { mkdtempDisposableSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../e2e/rig.ts';
import { response } from '../e2e/upstream.ts';
import { request } from '../e2e/wire.ts';
import { instance } from '../l7/discovery/answers.ts';
import { ApiServer, Consul } from '../l7/discovery/api-server.ts';
import { Servers } from '../l7/upstream/servers.ts';
import { type Rig, startApi } from './api/api-rig.ts';

const KEPT = '.nginx.conf.history/pool-found.json';
const TWO_WORKERS = { args: ['-g', 'daemon off; worker_processes 2;'] };

/** Requests one after the other until it is told to stop. */
class Client implements AsyncDisposable {
  readonly #port: number;
  readonly bodies = new Map<string, number>();
  readonly faults: string[] = [];
  #isOver = false;
  readonly #ended: Promise<void>;

  constructor(port: number) {
    this.#port = port;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        const { status, body } = await request(this.#port);
        if (status === 200) this.bodies.set(body, (this.bodies.get(body) ?? 0) + 1);
        else this.faults.push(`${status}`);
      } catch (fault) {
        this.faults.push((fault as Error).message);
      }
      await sleep(10);
    }
  }

  /** From now on these answer, and all of them. */
  async meets(...letters: string[]): Promise<void> {
    const isSo = async () => {
      const bodies = await Promise.all(
        Array.from({ length: 8 }, async () => (await request(this.#port)).body),
      );
      return [...new Set(bodies)].sort().join() === letters.join();
    };
    await until(isSo, `answers of ${letters.join(' and ')}`);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

const pool = (...lines: string[]) =>
  `upstream app { ${lines.join(' ')} }
   server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } location = /metrics { metrics; } }`;

const metric = async (rig: Rig, family: string): Promise<string[]> =>
  (await request(rig.sitePort, { path: '/metrics' })).body
    .split('\n')
    .filter(line => line.startsWith(`moat_discovery_${family}{`));

test('discover: members come and go by a file and by Consul without one failed request, and outlive kill -9 while both are down', async () => {
  await using servers = await Servers.start(3);
  const [a, b, c] = ['a', 'b', 'c'].map(letter => servers.at(letter)) as [string, string, string];
  const port = (address: string) => Number(address.split(':')[1]);
  using folder = mkdtempDisposableSync(join(tmpdir(), 'discover-'));
  const [list, token] = [join(folder.path, 'web.json'), join(folder.path, 'token')];
  const say = (...members: object[]) => {
    writeFileSync(`${list}.new`, JSON.stringify({ members }));
    renameSync(`${list}.new`, list);
  };
  writeFileSync(token, 'let-me-in\n', { mode: 0o600 }); // which the process that serves may not read
  say({ address: a });
  const consul = new Consul([]);
  await using ended = new AsyncDisposableStack();
  const api = ended.use(await ApiServer.start(consul.answer));
  const line = `consul ${api.url} service=web`;
  const http = pool(`discover file ${list};`, `discover ${line} token_file=${token} allow_local;`);
  let kept = '';
  {
    await using open = new AsyncDisposableStack();
    const rig = open.use(await startApi(http, TWO_WORKERS));
    await using client = new Client(rig.sitePort);
    await client.meets('a');
    say({ address: a }, { address: b, weight: 2 });
    await client.meets('a', 'b');
    consul.change([instance('127.0.0.1', port(c), { weights: { Passing: 3, Warning: 1 } })]);
    await client.meets('a', 'b', 'c');
    assert.equal(api.asked[0]!.headers['x-consul-token'], 'let-me-in');

    let release = () => {};
    let isAsked = false;
    servers.behave('a', ({ target }) => {
      if (!target.includes('/slow')) return response(200, 'a');
      isAsked = true;
      return new Promise(done => (release = () => done(response(200, 'late a'))));
    });
    const slow = [request(rig.sitePort, { path: '/slow' })];
    await until(async () => {
      if (!isAsked) slow.push(request(rig.sitePort, { path: '/slow' }));
      return isAsked;
    }, 'a to be asked for what takes time');
    say({ address: b });
    const members = async () => (await metric(rig, 'members')).map(line => line.slice(-2)).join('');
    await until(async () => (await members()) === ' 1 1', 'a list of b alone'); // chance may pass a over, too
    await client.meets('b', 'c');
    release();
    const bodies = (await Promise.all(slow)).map(({ body }) => body);
    assert.ok(bodies.includes('late a'), 'who goes finishes what it has');

    writeFileSync(list, '{');
    const refused = async () => (await metric(rig, 'refused_total'))[0]?.endsWith(' 1');
    await until(async () => (await refused()) === true, 'the fault in the list');
    const shown = rig.command('pool', 'list', 'app').stdout;
    assert.match(shown, /last error .*: the file is not JSON/);
    assert.match(shown, new RegExp(`${b} .* by file ${list}`));
    assert.match(shown, new RegExp(`discover file ${list}: 1 members, stale, last answer .* ago, refused 1`));
    assert.match(shown, new RegExp(`discover ${line}: 1 members, current`));
    const { body } = await rig.call('/api/v1/l7/pools/app', { token: rig.token('viewer') });
    assert.deepEqual(
      body.members.map(({ name, weight, sources }: Record<string, unknown>) => [name, weight, sources]),
      [
        [b, 1, [`file ${list}`]],
        [c, 3, [line]],
      ],
    );
    assert.deepEqual(
      body.sources.map(({ source, state }: Record<string, unknown>) => [source, state]),
      [
        [`file ${list}`, 'stale'],
        [line, 'current'],
      ],
    );
    assert.deepEqual(await metric(rig, 'current'), [
      `moat_discovery_current{pool="app",source="file ${list}"} 0`,
      `moat_discovery_current{pool="app",source="${line}"} 1`,
    ]);
    assert.equal(rig.command('pool', 'drain', c).status, 0);
    await client.meets('b');
    assert.equal(rig.command('pool', 'resume', c).status, 0);
    await client.meets('b', 'c');
    await client.end();
    assert.deepEqual(client.faults, []);
    assert.ok([...client.bodies.values()].reduce((sum, count) => sum + count) > 50);
    await until(() => rig.moat.read(KEPT).includes(`"port":${port(b)}`), 'what is kept');
    kept = rig.moat.read(KEPT);
    const killed = open.move();
    rig.moat.signal('SIGKILL');
    await assert.rejects(async () => killed.disposeAsync(), /signal SIGKILL/);
    rmSync(rig.state, { recursive: true, force: true });
  }
  rmSync(list);
  await ended.disposeAsync();
  await using again = await startApi(http, { ...TWO_WORKERS, files: { [KEPT]: kept } });
  await using client = new Client(again.sitePort);
  await client.meets('b', 'c');
  await client.end();
  assert.deepEqual(client.faults, []);
  assert.match(
    again.command('pool', 'list').stdout,
    /1 members, (kept|stale).*\n +last error .*: connect ECONNREFUSED/,
  );
  process.kill(Number(/L7 process (\d+)/.exec(again.moat.read())?.[1]), 'SIGKILL');
  await until(() => /the L7 process is started anew/.test(again.moat.read()), 'another L7 process');
  assert.ok(['b', 'c'].includes((await request(again.sitePort)).body), 'it has them from control');
  say({ address: a });
  await until(async () => (await request(again.sitePort)).body === 'a', 'the list that is there again');
  again.moat.reload(again.conf(pool(`server ${b};`)));
  await until(() => /configuration 2 is in force/.test(again.moat.read()), 'the reload');
  assert.equal((await request(again.sitePort)).body, 'b');
  assert.deepEqual(await metric(again, 'members'), []);
});
