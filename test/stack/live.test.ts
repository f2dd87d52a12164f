/**
 * The compose stack, brought up for real: both tiers fail over under load, servers are found, nothing is left. It takes two minutes
 * and an engine that has the base images, so it runs where MOAT_STACK=1 asks for it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { until } from '../lab/lab.ts';

const ROOT = join(import.meta.dirname, '../..');
const VIRTUAL = '172.31.80.100';
const skip = process.env.MOAT_STACK === '1' ? false : 'MOAT_STACK=1 brings the compose stack up';

function run(program: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, COMPOSE_PROJECT_NAME: 'moattest' },
  });
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
}
const compose = (...words: string[]) => run('docker-compose', ...words);

/** One request on a connection of its own. @returns its body; undefined: it failed */
const ask = (path: string): Promise<string | undefined> =>
  new Promise(done => {
    const request = get({ host: VIRTUAL, path, agent: false, timeout: 5000 }, answer => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.on('end', () => done(answer.statusCode === 200 ? body : undefined));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', () => done(undefined));
  });

/** Requests without pause while something is done, and for some seconds after it. */
async function under(harm: () => void | Promise<void>): Promise<{ answered: number; failed: number }> {
  const seen = { answered: 0, failed: 0 };
  let goesOn = true;
  const clients = Array.from({ length: 3 }, async () => {
    while (goesOn) {
      if ((await ask('/round/')) === undefined) seen.failed++;
      else seen.answered++;
      await wait(20);
    }
  });
  await wait(1000);
  await harm();
  await wait(6000);
  goesOn = false;
  await Promise.all(clients);
  return seen;
}

const answers = () => until(async () => (await ask('/round/')) !== undefined, `${VIRTUAL} answers`, 90_000);

test('stack: both tiers fail over, servers are found, nothing is left', {
  skip,
  timeout: 600_000,
}, async () => {
  run('docker', 'build', '--network', 'host', '-q', '-t', 'moat:local', '.');
  try {
    compose('up', '-d');
    await answers();
    const web = new Set<string | undefined>();
    await until(
      async () => web.add((await ask('/round/'))?.split(',')[0]).size >= 3,
      'three servers',
      60_000,
    );

    const killed = await under(() => void run('docker', 'kill', '-s', 'KILL', 'moattest_director-1_1'));
    assert.equal(killed.failed, 0, JSON.stringify(killed));
    assert.ok(killed.answered > 100, JSON.stringify(killed));

    const proxy = await under(() => void run('docker', 'kill', '-s', 'KILL', 'moattest_proxy-1_1'));
    assert.ok(proxy.failed < proxy.answered / 4, JSON.stringify(proxy));
    await answers();

    web.clear();
    compose('up', '-d', '--scale', 'web=5');
    await until(async () => web.add((await ask('/round/'))?.split(',')[0]).size >= 5, 'five servers', 60_000);
  } finally {
    compose('down', '-v', '--timeout', '10');
  }
  assert.equal(run('docker', 'ps', '-aq', '--filter', 'name=moattest_').trim(), '');
});
