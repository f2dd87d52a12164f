/** The L4 tier by the API, on a director's host in the lab: connections live while their real server is drained. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { MOAT, Site, service, VIP } from '../l4-site.ts';

const skip = labMissing('curl') || programMissing();

const SERVICE = `/api/v1/l4/services/${encodeURIComponent(`${VIP}:80 tcp`)}`;
const RA = `${SERVICE}/reals/192.0.2.11`;
const HELD = 6;

class ApiSite extends Site {
  #token = '';

  /** @param more of the virtual server */
  async begin(more = ''): Promise<void> {
    await this.serve();
    this.configure(`api { state_path ${this.dir}/api; } ${service(this, more)}`);
    await this.start();
    const file = ['-c', `${this.dir}/moat.conf`, '-p', this.dir];
    const { stdout, stderr } = await this.director.run(
      MOAT,
      'token',
      'create',
      'ops',
      '--role',
      'operator',
      ...file,
    );
    this.#token = stdout.trim();
    assert.match(this.#token, /^moat_/, stderr);
    await until(async () => (await this.say('/readyz')).status === 200, 'the API to answer');
  }

  /** @param more of curl's options */
  async say(path: string, ...more: string[]) {
    const { stdout } = await this.director.run(
      ...['curl', '-s', '-i', '-m', '20', '-H', `Authorization: Bearer ${this.#token}`, ...more],
      `http://127.0.0.1:8470${path}`,
    );
    const [head = '', text = ''] = stdout.split('\r\n\r\n');
    const etag = /^etag: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
    return { status: Number(head.split(' ')[1]), etag, body: text === '' ? undefined : JSON.parse(text) };
  }

  patch(path: string, ifMatch: string, body: object) {
    const json = ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)];
    return this.say(path, '-X', 'PATCH', '-H', `If-Match: ${ifMatch}`, ...json);
  }
}

/** Opens connections, and keeps them; says something over them when it is told to. */
const HOLD = `import { connect } from 'node:net';
const held = Array.from({ length: ${HELD} }, () => connect(80, '${VIP}').on('connect', () => console.log('open')).on('error', () => console.log('gone')));
process.on('SIGUSR2', () => held.forEach(socket => socket.write('G')));
setInterval(() => {}, 1000);`;

test('api l4: a real server is drained while connections live on it, which are counted down, and taken back', {
  skip,
}, async () => {
  await using site = new ApiSite();
  await site.begin();
  const list = (await site.say('/api/v1/l4/services')).body;
  assert.deepEqual(
    list.items.map(({ name, realServers, alive }: Record<string, unknown>) => [name, realServers, alive]),
    [[`${VIP}:80 tcp`, 2, 2]],
  );
  const holder = site.client.start(process.execPath, '--input-type=module', '-e', HOLD);
  let opened = '';
  holder.stdout!.on('data', piece => (opened += piece));
  await until(() => (opened.match(/open/g) ?? []).length === HELD, 'connections');
  const active = async () => (await site.say(RA)).body.active;
  await until(async () => (await active()) === HELD / 2, 'half of them');

  const pages: string[] = [];
  let cursor = '';
  do {
    const { status, body } = await site.say(`/api/v1/l4/connections?limit=4&real=192.0.2.11${cursor}`);
    assert.equal(status, 200);
    pages.push(
      ...body.items.map(({ client, clientPort }: Record<string, unknown>) => `${client}:${clientPort}`),
    );
    cursor = body.next === undefined ? '' : `&cursor=${body.next}`;
  } while (cursor !== '');
  assert.equal(new Set(pages).size, pages.length, 'a connection was shown twice');
  assert.ok(pages.length >= HELD / 2);

  const before = await site.say(RA);
  assert.deepEqual(before.body.line, { state: 'ready', weight: 1 });
  assert.equal((await site.patch(RA, '"other"', { state: 'drain' })).status, 412);
  const drained = await site.patch(RA, before.etag, { state: 'drain' });
  assert.equal(drained.status, 200);
  assert.deepEqual(drained.body.command, { state: 'drain' });
  assert.equal(drained.body.active, HELD / 2, 'connections were cut');
  assert.notEqual(drained.etag, before.etag);
  assert.equal(
    (await site.patch(RA, before.etag, { weight: 2 })).status,
    412,
    'what was seen is no longer so',
  );
  assert.deepEqual(await site.answers(6), Array(6).fill('rb'));
  assert.equal((await site.say(RA)).body.state, 'draining');
  assert.match(
    await site.ask('list'),
    /192\.0\.2\.11 .* draining by command$/m,
    'the command line sees another',
  );

  holder.kill('SIGKILL');
  await until(async () => (await active()) === 0, 'the count to fall');

  const weighed = await site.patch(RA, drained.etag, { weight: 7 });
  assert.deepEqual(weighed.body.command, { state: 'drain', weight: 7 });
  const back = await site.patch(RA, weighed.etag, { state: 'ready' });
  assert.deepEqual(back.body.command, { weight: 7 });
  assert.equal((await site.say(RA)).body.weight, 7);
  const asItsLine = await site.patch(RA, '*', { weight: null });
  assert.equal(asItsLine.body.command, undefined);
  assert.equal((await site.say(RA)).etag, before.etag, 'equal states have equal tags');
  assert.deepEqual([...new Set(await site.answers(8))].sort(), ['ra', 'rb']);
});

test('api l4: a real server goes from ready by its drain to disabled, its connections are reset, and it stays so', {
  skip,
}, async () => {
  await using site = new ApiSite();
  await site.begin();
  const holder = site.client.start(process.execPath, '--input-type=module', '-e', HOLD);
  let told = '';
  holder.stdout!.on('data', piece => (told += piece));
  const count = (word: RegExp) => (told.match(word) ?? []).length;
  await until(() => count(/open/g) === HELD, 'connections');
  const before = await site.say(RA);

  const drained = await site.patch(RA, '*', { state: 'drain' });
  assert.deepEqual([drained.body.state, drained.body.active], ['draining', HELD / 2]);
  const disabled = await site.patch(RA, drained.etag, { state: 'disabled' });
  assert.deepEqual([disabled.status, disabled.body.command], [200, { state: 'disabled' }]);
  assert.deepEqual([disabled.body.state, disabled.body.weight], ['disabled', 0]);
  assert.equal(count(/gone/g), 0);
  holder.kill('SIGUSR2'); // it says something over each: those of the disabled one are answered by a reset
  await until(() => count(/gone/g) === HELD / 2, 'half of them to be reset');
  assert.deepEqual(await site.answers(6), Array(6).fill('rb'));
  assert.match(await site.ask('list'), /192\.0\.2\.11 +Route +0 .* disabled by command$/m);

  site.moat!.kill('SIGHUP');
  await until(() => (site.log.match(/is in force/g) ?? []).length >= 1, 'the reload');
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'), 'a reload undid it');
  process.kill(site.pidOf('l4/process.ts'), 'SIGKILL');
  await until(() => /the L4 process is started anew/.test(site.log), 'a new process');
  assert.equal((await site.say(RA)).body.state, 'disabled');
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'), 'a new process undid it');
  await site.kill('SIGKILL');
  await site.start(2);
  await until(async () => (await site.say('/readyz')).status === 200, 'the API to answer');
  assert.equal((await site.say(RA)).body.state, 'disabled');
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'), 'a restart undid it');
  assert.equal(count(/gone/g), HELD / 2, 'connections of the other one were cut');

  assert.equal((await site.patch(RA, '*', { state: null })).etag, before.etag);
  assert.deepEqual([...new Set(await site.answers(8))].sort(), ['ra', 'rb']);
});

test('api l4: what is left when a drain runs out is reset, and its real server can be disabled then', {
  skip,
}, async () => {
  await using site = new ApiSite();
  await site.begin('drain 2s;');
  const holder = site.client.start(process.execPath, '--input-type=module', '-e', HOLD);
  let told = '';
  holder.stdout!.on('data', piece => (told += piece));
  const count = (word: RegExp) => (told.match(word) ?? []).length;
  await until(() => count(/open/g) === HELD, 'connections');
  assert.equal((await site.patch(RA, '*', { state: 'drain' })).body.state, 'draining');
  await until(async () => (await site.say(RA)).body.state !== 'draining', 'the end of the drain');
  assert.equal(count(/gone/g), 0);
  holder.kill('SIGUSR2');
  await until(() => count(/gone/g) === HELD / 2, 'what was left to be reset');
  await until(async () => (await site.say(RA)).body.active === 0, 'the count to fall');
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'));
  assert.equal((await site.patch(RA, '*', { state: 'disabled' })).body.state, 'disabled');
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'));
  assert.equal((await site.patch(RA, '*', { state: null })).status, 200);
  assert.deepEqual([...new Set(await site.answers(8))].sort(), ['ra', 'rb']);
  assert.equal(count(/gone/g), HELD / 2, 'connections of the other one were cut');
});

test('api l4: health is what a command says, whatever checks say, until they decide again', {
  skip,
}, async () => {
  await using site = new ApiSite();
  await site.begin();
  const both = async () => [...new Set(await site.answers(8))].sort().join();
  const down = await site.patch(RA, '*', { health: 'down' });
  assert.deepEqual([down.body.state, down.body.command], ['dead', { health: 'down' }]);
  assert.equal(await both(), 'rb');
  assert.match(await site.ask('list'), /192\.0\.2\.11 .* dead by command: health down$/m);
  assert.equal((await site.patch(RA, '*', { health: null })).body.command, undefined);
  await until(async () => (await site.say(RA)).body.state === 'alive', 'its checks to decide');
  assert.equal(await both(), 'ra,rb');

  site.servers[0]!.kill('SIGKILL');
  await until(async () => (await site.say(RA)).body.state === 'dead', 'its death to be noticed');
  assert.equal((await site.patch(RA, '*', { health: 'up' })).body.state, 'alive');
  const { failedChecks } = (await site.say(RA)).body;
  await until(async () => (await site.say(RA)).body.failedChecks > failedChecks, 'a check more');
  assert.equal((await site.say(RA)).body.state, 'alive');
  await site.ask('resume', '192.0.2.11');
  await until(async () => (await site.say(RA)).body.state === 'dead', 'its checks to decide');
});

test('api l4: what is not there, and what cannot be, is refused and changes nothing', { skip }, async () => {
  await using site = new ApiSite();
  await site.begin();
  const status = async (path: string, body: object) => (await site.patch(path, '*', body)).status;
  assert.equal(await status(`${SERVICE}/reals/192.0.2.13`, { state: 'drain' }), 404);
  assert.equal(await status('/api/v1/l4/services/x/reals/192.0.2.11', { state: 'drain' }), 404);
  for (const body of [
    {},
    { state: 'gone' },
    { health: 'ill' },
    { weight: -1 },
    { weight: 65_536 },
    { weight: 1.5 },
    { state: 'drain', more: 1 },
  ])
    assert.equal(await status(RA, body), 422, JSON.stringify(body));
  assert.equal((await site.say('/api/v1/audit')).status, 403);
  assert.deepEqual([...new Set(await site.answers(8))].sort(), ['ra', 'rb']);

  process.kill(site.pidOf('control/api/process.ts'), 'SIGKILL');
  assert.deepEqual([...new Set(await site.answers(8))].sort(), ['ra', 'rb']);
  await until(async () => (await site.say('/readyz')).status === 200, 'another process');
  assert.match(site.log, /the API process \d+ was ended by SIGKILL; traffic is not touched/);
});
