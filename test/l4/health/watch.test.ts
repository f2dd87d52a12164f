/** The watch over real servers: verdicts of real checks, over reloads, by the thousand. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Log } from '#kit/log.ts';
import type { L4Model } from '#model/l4/l4.ts';
import type { Conditions, RealCondition } from '../../../l4/condition.ts';
import { Watch } from '../../../l4/health/watch.ts';
import { checkText, faultsOf } from '../../config/check-text.ts';
import { closedPort } from './servers.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-l4-watch-'));
after(() => rmSync(dir, { recursive: true }));

const NAME = '192.0.2.1:80 tcp';

function modelOf(inside: string, address = NAME): L4Model {
  const checked = checkText(`l4 { virtual_server ${address} { mode nat; ${inside} } }`);
  assert.deepEqual(faultsOf(checked), []);
  return checked.model!.l4!;
}

/** A watch with the lines of its log, and the conditions as they were told. */
class Watched implements Disposable {
  readonly lines: string[] = [];
  readonly told: Conditions[] = [];
  readonly watch: Watch;

  constructor() {
    const sink = { write: (line: string) => void this.lines.push(line.replace(/^ /, '')) };
    const log = new Log([{ level: 'notice', sink }], '', { now: () => '' });
    this.watch = new Watch({
      log: () => log,
      nowMs: () => performance.now(),
      random: Math.random,
      changed: conditions => void this.told.push(conditions),
      steer: () => 'local',
    });
  }

  real(name: string): RealCondition {
    return this.watch.conditions.get(NAME)!.reals.get(name)!;
  }

  get quorum(): boolean {
    return this.watch.conditions.get(NAME)!.quorum;
  }

  [Symbol.dispose](): void {
    this.watch[Symbol.dispose]();
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (holds()) return;
    await sleep(20);
  }
  assert.fail(`waited too long for: ${what}`);
}

/** A listener on all of 127.0.0.0/8 that can be closed and opened again at its port. */
async function listener(port = 0) {
  const server = createServer(
    socket =>
      void socket
        .on('error', () => {})
        .resume()
        .end(),
  );
  await once(server.listen(port, '0.0.0.0'), 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    close: () => new Promise(done => server.close(done)),
  };
}

const CHECK = 'health_check tcp interval=100ms jitter=0 timeout=5s rise=2 fall=2;';

test('Watch: a real server dies and comes back, told with the reason, and so is the quorum', async () => {
  using watched = new Watched();
  const first = await listener();
  const { port } = first;
  watched.watch.follow(modelOf(`real_server 127.0.0.1:${port}; quorum 1; ${CHECK}`));
  assert.equal(watched.real(`127.0.0.1:${port}`).alive, true); // until it is known better
  await until(() => watched.told.length > 0, 'the first conditions');
  await first.close();
  await until(() => !watched.quorum, 'the loss of the quorum');
  assert.equal(watched.real(`127.0.0.1:${port}`).alive, false);
  const again = await listener(port);
  await until(() => watched.quorum, 'the quorum');
  await again.close();
  assert.deepEqual(watched.lines.slice(0, 4), [
    `[warn] : health check: real server 127.0.0.1:${port} of virtual_server ${NAME} is dead: tcp: connection refused`,
    `[error] : virtual_server ${NAME} has lost its quorum: weight 0 lives, the quorum is 1`,
    `[notice] : health check: real server 127.0.0.1:${port} of virtual_server ${NAME} is alive: tcp passed`,
    `[notice] : virtual_server ${NAME} has its quorum again: weight 1 lives, the quorum is 1`,
  ]);
});

test('Watch: with mandatory nobody is used before he has passed', async () => {
  using watched = new Watched();
  const server = await listener();
  watched.watch.follow(modelOf(`real_server 127.0.0.1:${server.port}; ${CHECK.replace(';', ' mandatory;')}`));
  assert.equal(watched.real(`127.0.0.1:${server.port}`).alive, false);
  await until(() => watched.real(`127.0.0.1:${server.port}`).alive, 'the first check');
  await server.close();
});

test('Watch: with mandatory it is told once why somebody is not used yet', async () => {
  using watched = new Watched();
  const closed = await closedPort();
  watched.watch.follow(
    modelOf(
      `real_server 127.0.0.1:${closed}; ${CHECK.replace(';', ' mandatory;')} health_check ping mandatory;`,
    ),
  );
  await until(() => watched.lines.length > 0, 'a word on the first check');
  const server = await listener(closed);
  await until(() => watched.real(`127.0.0.1:${closed}`).alive, 'the first passed check');
  assert.deepEqual(
    watched.lines.filter(line => line.includes(' is dead: ')).map(line => line.replace(/.* is dead: /, '')),
    ['tcp: connection refused'],
  );
  await server.close();
});

test('Watch: every check has to pass, and only= restricts one', async () => {
  using watched = new Watched();
  const server = await listener();
  const closed = await closedPort();
  const [a, b] = [`127.0.0.1:${server.port}`, `127.0.0.2:${server.port}`];
  const second = `health_check tcp interval=100ms port=${closed} only=${b};`;
  watched.watch.follow(modelOf(`real_server ${a}; real_server ${b}; ${CHECK} ${second}`));
  await until(() => !watched.real(b).alive, 'the death of the one with two checks');
  assert.equal(watched.real(a).alive, true);
  await server.close();
});

test('Watch: verdicts live through a reload, and removed real servers are forgotten', async () => {
  using watched = new Watched();
  const closed = await closedPort();
  const [a, b] = [`127.0.0.1:${closed}`, `127.0.0.2:${closed}`];
  const lines = (weight: number, check: string) => `real_server ${a} weight=${weight}; ${check}`;
  watched.watch.follow(modelOf(`${lines(1, CHECK)} real_server ${b};`));
  await until(() => !watched.real(a).alive && !watched.real(b).alive, 'two deaths');
  for (const check of [CHECK, CHECK.replace('100ms', '1h')])
    for (const weight of [1, 2]) {
      watched.watch.follow(modelOf(lines(weight, check)));
      assert.equal(watched.real(a).alive, false);
    }
  assert.equal(watched.real(b), undefined);
  watched.watch.follow(modelOf(lines(1, '')));
  assert.equal(watched.real(a).alive, true); // nobody asks any more
});

test('Watch: another address beside the first is still the same virtual server', async () => {
  using watched = new Watched();
  const closed = await closedPort();
  const inside = `real_server 127.0.0.1:${closed}; ${CHECK.replace(';', ' port=')}${closed};`;
  watched.watch.follow(modelOf(inside));
  await until(() => !watched.real(`127.0.0.1:${closed}`).alive, 'the death');
  const wider = '192.0.2.1:80 192.0.2.1:443 tcp';
  watched.watch.follow(modelOf(inside, wider));
  assert.equal(watched.watch.conditions.get(wider)?.reals.get(`127.0.0.1:${closed}`)?.alive, false);
});

test('Watch: a file gives weights', async () => {
  using watched = new Watched();
  const path = join(dir, 'weight');
  writeFileSync(path, '7');
  watched.watch.follow(
    modelOf(`real_server 10.0.0.1 weight=3; health_check file path=${path} dynamic_weight interval=100ms;`),
  );
  await until(() => watched.real('10.0.0.1').weight === 7, 'the weight');
  writeFileSync(path, 'up');
  await until(() => watched.real('10.0.0.1').weight === undefined, 'the configured weight');
});

test('Watch: a drain ends at its deadline, and a reload takes it back', async () => {
  using watched = new Watched();
  const lines = (word: string) => `drain 150ms; real_server 10.0.0.1 ${word}; real_server 10.0.0.2;`;
  watched.watch.follow(modelOf(lines('drain')));
  assert.equal(watched.real('10.0.0.1').drain, 'draining');
  await until(() => watched.real('10.0.0.1').drain === 'over', 'the deadline');
  await until(() => watched.told.at(-1)?.get(NAME)?.reals.get('10.0.0.1')?.drain === 'over', 'being told');
  watched.watch.follow(modelOf(lines('')));
  assert.equal(watched.real('10.0.0.1').drain, 'no');
});

test('Watch: programs are told, and what goes wrong with them is logged', async () => {
  using watched = new Watched();
  const out = join(dir, 'events');
  const script = join(dir, 'hook');
  writeFileSync(out, '', { mode: 0o666 });
  writeFileSync(script, `#!/bin/sh\necho "$1|$MOAT_EVENT|$MOAT_REAL_SERVER|$MOAT_REASON" >> ${out}\n`, {
    mode: 0o755,
  });
  chmodSync(dir, 0o755);
  chmodSync(out, 0o666); // whatever the umask
  const closed = await closedPort();
  const hooks = `notify real_down ${script} first; notify quorum_down ${script} second; notify real_down /nowhere/x;`;
  watched.watch.follow(modelOf(`real_server 127.0.0.1:${closed}; ${CHECK} ${hooks}`));
  const said = () => readFileSync(out, 'latin1').trim().split('\n').sort();
  await until(() => said().length === 2, 'two events');
  assert.deepEqual(said(), [
    `first|real_down|127.0.0.1:${closed}|tcp: connection refused`,
    'second|quorum_down||weight 0 lives, the quorum is 1',
  ]);
  await until(() => watched.lines.some(line => /notify: \/nowhere\/x: .*ENOENT/.test(line)), 'the fault');
});

test('Watch: a thousand real servers are asked, and what befalls all of them is told in few words', async () => {
  using watched = new Watched();
  const server = await listener();
  const names = Array.from({ length: 1000 }, (_, at) => `127.1.${at >> 8}.${at & 255}:${server.port}`);
  const check = 'health_check tcp interval=500ms timeout=20s fall=1 rise=1 mandatory;';
  watched.watch.follow(modelOf(`${names.map(name => `real_server ${name};`).join(' ')} ${check}`));
  const living = () =>
    [...watched.watch.conditions.get(NAME)!.reals.values()].filter(({ alive }) => alive).length;
  assert.equal(living(), 0);
  await until(() => living() === 1000, 'all to live');
  await server.close();
  await until(() => living() === 0, 'all to die');
  // Of 2000 changes; how many become one telling depends on how busy the machine is.
  assert.ok(watched.told.length < 2000, `told ${watched.told.length} times`);
});

/** What another director says of the one real server at that port. */
const said = (port: number, alive: boolean) =>
  new Map([[NAME_OF_ENDPOINT, [{ address: '127.0.0.1', port, alive, weight: alive ? 1 : 0 }]]]);
const NAME_OF_ENDPOINT = 'tcp 192.0.2.1 80';

test('Watch: before its first answer a real server is what the other director says; then it is what its checks say', async () => {
  using watched = new Watched();
  const server = await listener();
  const name = `127.0.0.1:${server.port}`;
  watched.watch.hearPeer(said(server.port, false));
  watched.watch.follow(modelOf(`real_server ${name}; ${CHECK}`));
  assert.equal(watched.watch.unanswered, 1);
  assert.equal(watched.real(name).alive, false);
  await until(() => watched.real(name).alive, 'its own answer');
  assert.equal(watched.watch.unanswered, 0);
  await server.close();
});

test('Watch: with mandatory it is enough that the other director has seen it', () => {
  using watched = new Watched();
  watched.watch.hearPeer(said(9, true));
  watched.watch.follow(modelOf(`real_server 127.0.0.1:9; ${CHECK.replace(';', ' mandatory;')}`));
  assert.equal(watched.real('127.0.0.1:9').alive, true);
});

test('Watch: a dead one that lives as the other director says is contested, until own checks have failed often enough since', async () => {
  using watched = new Watched();
  const closed = await closedPort();
  const name = `127.0.0.1:${closed}`;
  watched.watch.follow(modelOf(`real_server ${name}; ${CHECK}`));
  await until(() => !watched.real(name).alive, 'the first failed check');
  assert.equal(watched.real(name).isContested, undefined);
  watched.watch.hearPeer(said(closed, true));
  assert.deepEqual([watched.real(name).alive, watched.real(name).isContested], [false, true]);
  await until(() => watched.real(name).isContested === undefined, 'its checks to have failed twice more');
  assert.equal(watched.real(name).alive, false);
  // The same word once more is no news; another one, and then this again, is.
  watched.watch.hearPeer(said(closed, true));
  assert.equal(watched.real(name).isContested, undefined);
  watched.watch.hearPeer(said(closed, false));
  watched.watch.hearPeer(said(closed, true));
  assert.equal(watched.real(name).isContested, true);
});

test('Watch: what a command says of a real server is contested by nobody', async () => {
  using watched = new Watched();
  const closed = await closedPort();
  const name = `127.0.0.1:${closed}`;
  const model = modelOf(`real_server ${name}; ${CHECK}`);
  const [server] = model.virtualServers;
  const forced = { ...server!, realServers: [{ ...server!.realServers[0]!, health: 'down' as const }] };
  watched.watch.follow({ ...model, virtualServers: [forced] });
  watched.watch.hearPeer(said(closed, true));
  assert.deepEqual([watched.real(name).alive, watched.real(name).isContested], [false, undefined]);
});
