/** `moat apply --canary` in a running moat under requests: none is lost, what is worse goes back, what is not comes into force. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, httpConf, PROGRAMS, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';

interface Done {
  readonly status: number | null;
  readonly said: string;
  readonly fault: string;
}

/** Requests go on meanwhile. */
function word(moat: Running, ...words: string[]): Promise<Done> {
  const child = spawn(PROGRAMS.moat, [...words, '-c', join(moat.dir, 'nginx.conf'), '-p', moat.dir]);
  const done = { said: '', fault: '' };
  child.stdout.on('data', piece => (done.said += piece));
  child.stderr.on('data', piece => (done.fault += piece));
  return new Promise(resolve => child.once('close', status => resolve({ ...done, status })));
}

/** Asks again and again until it is told to stop; a connection for each. @returns how many were lost */
function keepAsking(port: number) {
  const told = { answers: new Map<string, number>(), lost: [] as string[], stops: false };
  const ask = async () => {
    while (!told.stops) {
      const { status, body } = await request(port).catch((fault: Error) => ({
        status: 0,
        body: fault.message,
      }));
      if (status === 0) told.lost.push(body);
      else told.answers.set(body, (told.answers.get(body) ?? 0) + 1);
      await sleep(4);
    }
  };
  const all = Promise.all([ask(), ask()]);
  const stop = () => {
    told.stops = true;
    return all.then(() => {});
  };
  return { answers: told.answers, lost: told.lost, stop, [Symbol.asyncDispose]: stop };
}

test('apply --canary: worse goes back by itself, fine comes into force, its death and others meanwhile change nothing; no request is lost', {
  timeout: 200_000, // five canaries, and the processes of each, on a busy machine
}, async () => {
  const [port = 0, other] = await freePorts(2);
  let n = 0;
  await using bad = await startUpstream(({ target }) =>
    target.startsWith('/login') ? response(401) : n++ % 2 ? response(500, 'bad') : response(200, 'half'),
  );
  /** @param event that has somebody banned */
  const conf = (content: string, more = '', event = '404') =>
    httpConf(
      `limit_ban_zone $arg_user zone=names:1m;
       server { listen 127.0.0.1:${port}; location / { ${content} }
         location /login { limit_ban zone=names events=${event} count=1 within=1h ban=1h; proxy_pass http://127.0.0.1:${bad.port}; } }`,
      `worker_processes 1; ${more}`,
    );
  const login = async () => (await request(port, { path: '/login?user=eve' })).status;
  const files = {
    'two.conf': conf('return 200 two;', '', '401'),
    'bad.conf': conf(`proxy_pass http://127.0.0.1:${bad.port};`),
    'api.conf': conf('return 200 two;', `api { listen 127.0.0.1:${other}; state_path /nonexistent/api; }`),
    'learn.conf': httpConf(
      `upstream u { server 127.0.0.1:1; sticky learn create=$upstream_cookie_a lookup=$cookie_a zone=s:1m; }
       server { listen 127.0.0.1:${port}; location / { proxy_pass http://u; } }`,
    ),
  };
  await using moat = await startMoat(conf('return 200 one;'), { files });
  const file = join(moat.dir, 'nginx.conf');
  const apply = (name: string, ...more: string[]) => word(moat, 'apply', join(moat.dir, name), ...more);
  const history = async () => JSON.parse((await word(moat, 'history', '--json')).said);
  await until(async () => (await word(moat, 'history')).status === 0, 'moat to answer');
  await using asking = keepAsking(port);
  // A busy machine is slow by itself: what is slow is judged in judge.test.ts.
  const share = ['--canary-share', '50', '--canary-latency', '20s', '--canary-requests', '20'];

  const worse = await apply('bad.conf', '--canary', '10m', ...share, '-m', 'half');
  assert.equal(worse.status, 3, worse.fault);
  assert.match(worse.said, /taken back, for it was worse: \d+ of \d+ \(\d+ %\) answered with 5xx/);
  const { state, revisions } = await history();
  assert.deepEqual([state.id, state.canary.outcome, revisions[0].why], [1, 'worse', 'canary']);
  assert.match(revisions[0].message, /^worse: \d+ of /);
  assert.ok(readFileSync(file, 'latin1').includes('return 200 one;'), 'the disk has what is in force');

  const trying = apply('two.conf', '--canary', '10m', ...share);
  await until(async () => (asking.answers.get('two') ?? 0) > 3, 'the canary to answer');
  assert.match(
    (await word(moat, 'status')).said,
    /canary of socket: 50 of 100 new connections, [\s\S]*the others +[1-9]/,
  );
  const busy = await apply('two.conf');
  assert.deepEqual([busy.status, /a canary is being tried/.test(busy.fault)], [1, true], busy.fault);
  const { canary } = (await history()).state;
  await until(async () => (await login()) !== 401, 'the canary to ban somebody');
  const statuses = async () => new Set(await Promise.all(Array.from({ length: 8 }, login)));
  await until(async () => !(await statuses()).has(401), 'all of them to refuse him');
  process.kill(canary.pid, 'SIGKILL');
  const killed = await trying;
  assert.deepEqual([killed.status, /process was ended by SIGKILL/.test(killed.said)], [3, true], killed.said);
  asking.lost.length = 0; // those that the dead process was answering
  assert.deepEqual([(await request(port)).body, await login()], ['one', 403]);

  const fine = await apply('two.conf', '--canary', '2s', ...share, '--canary-requests', '5', '-m', 'to two');
  assert.equal(fine.status, 0, fine.said + fine.fault);
  assert.match(fine.said, /in force everywhere: canary [1-9]\d* requests, .*; the others [1-9]/);
  assert.match((await history()).revisions[0].message, /^to two; canary \d+ requests/);
  assert.equal(readFileSync(file, 'latin1'), files['two.conf']);

  for (const [name, reason] of [
    ['api.conf', /the api block would change, .*without a canary first/],
    ['learn.conf', /sticky learn: clients of the canary would lose their sessions/],
  ] as const) {
    const refused = await apply(name, '--canary', '5s');
    assert.deepEqual([refused.status, reason.test(refused.fault)], [1, true], refused.fault);
  }
  await asking.stop();
  assert.deepEqual(asking.lost, []);
  assert.ok((asking.answers.get('one') ?? 0) > 0 && (asking.answers.get('half') ?? 0) > 0);

  const few = await apply('bad.conf', '--canary', '1s');
  assert.deepEqual([few.status, /fewer than 100 requests to judge by/.test(few.said)], [3, true], few.said);
  const ending = apply('bad.conf', '--canary', '10m');
  await until(async () => (await history()).state.canary.outcome === undefined, 'another canary');
  assert.equal((await word(moat, 'rollback')).status, 0);
  assert.match((await ending).said, /taken back: ended by socket/);
});
