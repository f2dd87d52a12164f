/** `moat drill --cluster`: a server of the test's is broken by commands, mended whatever happens, and reported. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { longestGap } from '../../../control/drill/asker.ts';
import { type DrillReport, isWell, markdownOf } from '../../../control/drill/report.ts';
import { keepReport } from '../../../control/drill/report-folder.ts';
import { PROGRAMS } from '../../e2e/rig.ts';
import { until } from '../../lab/lab.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-drill-'));
after(() => rmSync(dir, { recursive: true }));
const flag = join(dir, 'broken');

/** It is broken while a file is there. */
const server = createServer((_, answer) => answer.writeHead(existsSync(flag) ? 503 : 200).end());
server.listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());
const { port } = server.address() as AddressInfo;

let plans = 0;
function plan(faults: string, rate = 50): string {
  const path = join(dir, `plan${++plans}.conf`);
  writeFileSync(path, `ask http://127.0.0.1:${port}/;\nrate ${rate};\ntimeout 1s;\n${faults}\n`);
  return path;
}

async function drill(file: string, ...words: string[]) {
  const child = spawn(PROGRAMS.moat, ['drill', '--cluster', file, ...words], {
    env: { ...process.env, JOURNAL_STREAM: '1:1' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (said += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said: () => said }));
  return { child, ended, said: () => said };
}

test("drill --cluster: verdicts by promises, commands in the plan's folder, a report of both", async () => {
  const folder = join(dir, 'reports');
  const file = plan(`
    fault "harmless" { break "test -e ${plans === 0 ? 'plan1.conf' : ''}"; lasts 200ms; may_be_silent any; }
    fault "allowed" { break "touch broken"; mend "rm broken"; lasts 500ms; may_fail any; may_be_silent any; }
    fault "promised" { break "touch broken"; check_broken "echo so >&2; exit 3"; mend "rm broken"; lasts 500ms; may_be_silent any; }
    fault "silent" { break "touch broken"; mend "rm broken"; lasts 500ms; may_fail any; may_be_silent 100ms; }`);
  const { code, said } = await (await drill(file, '--report', folder)).ended;
  assert.equal(code, 1, said());
  const names = readdirSync(folder).sort();
  assert.deepEqual(
    names.map(name => name.replace(/^drill-\d{8}T\d{9}Z/, '')),
    ['.json', '.md'],
  );
  const kept: DrillReport = JSON.parse(readFileSync(join(folder, names[0]!), 'utf8'));
  const [harmless, allowed, promised, silent] = kept.results;
  assert.deepEqual([harmless?.wrong, allowed?.wrong], [[], []], said());
  assert.ok(promised?.wrong.includes('check_broken: exit code 3: so'), said());
  assert.ok(
    promised?.wrong.some(text => /^\d+ requests failed, 0 may$/.test(text)),
    said(),
  );
  assert.match(silent?.wrong.join() ?? '', /^no good answer from http:.* for \d+ ms, 100 ms may pass$/);
  assert.match(said(), /4 faults, 2 not as they should be: promised; silent$/m);
  assert.match(said(), /^<3>moat drill: not as it should be; see .*\.md$/m);
  assert.match(readFileSync(join(folder, names[1]!), 'utf8'), /^# Drill of .*: NOT WELL\n/);
});

test('drill --cluster: nothing more is broken once it does not heal, and the exit code says so', async () => {
  const file = plan(`
    fault "lasting" { break "touch broken"; lasts 100ms; may_fail any; may_be_silent any; heals_within 300ms; }
    fault "never" { break "touch never"; }`);
  const { code, said } = await (await drill(file)).ended;
  rmSync(flag);
  assert.equal(code, 1);
  assert.match(said(), /status 503 within 300 ms after it was mended/);
  assert.match(said(), /^moat drill: nothing more is broken after "lasting", which did not heal$/m);
  assert.equal(existsSync(join(dir, 'never')), false);
});

test('drill --cluster: what is broken is mended when somebody interrupts', async () => {
  const file = plan(
    `fault "long" { break "touch broken"; mend "rm broken"; lasts 10m; may_fail any; may_be_silent any; }`,
  );
  const { child, ended, said } = await drill(file);
  await until(() => existsSync(flag) || child.exitCode !== null, 'the fault');
  child.kill('SIGINT');
  const { code } = await ended;
  assert.equal(existsSync(flag), false, said());
  assert.equal(code, 1);
  assert.match(
    said(),
    /^moat drill: interrupted\nmoat drill: 1 fault, 0 not as they should be; it was not finished$/m,
  );
});

test('drill: a plan that is faulty, or not there, is told; options of the box do not go with one', async () => {
  const told = async (...words: [string, ...string[]]) => (await (await drill(...words)).ended).said();
  assert.match(await told(plan('fault a { brake b; }')), /plan\d+\.conf:4:11: "brake" is none of/);
  assert.match(await told(join(dir, 'none')), /cannot be read \(2: no such file or directory\)/);
  assert.match(await told(plan(''), '--seed', '3'), /--seed is of the box/);
  assert.match(await told(plan(''), '--keep', '3'), /say --report too/);
});

const REPORT: DrillReport = {
  ...{ version: '1', target: 'x', beganAtMs: 0, endedAtMs: 1000, stopped: undefined },
  results: [{ fault: 'a | b\n<c>', brokenMs: 1500, seen: ['s'], wrong: [] }],
};

test('reports: the oldest go, others of the folder stay; text stays in its cell', () => {
  const folder = join(dir, 'bounded');
  for (let at = 0; at < 5; at++) keepReport(folder, { ...REPORT, beganAtMs: at * 1000 }, 3);
  writeFileSync(join(folder, 'drill-mine.md'), '');
  const path = keepReport(folder, { ...REPORT, beganAtMs: 5000 }, 3);
  const names = readdirSync(folder).sort();
  assert.deepEqual(
    names.filter(name => name.endsWith('.json')),
    ['drill-19700101T000003000Z.json', 'drill-19700101T000004000Z.json', 'drill-19700101T000005000Z.json'],
  );
  assert.equal(names.length, 7, names.join());
  assert.match(readFileSync(path, 'utf8'), /^\| a \\\| b \\<c\\> \| 1\.5 s \| s \| well \|$/m);
});

test('reports: a drill that was cut short, or broke nothing, is not well', () => {
  assert.equal(isWell(REPORT), true);
  assert.equal(isWell({ ...REPORT, stopped: 'interrupted' }), false);
  assert.equal(isWell({ ...REPORT, results: [] }), false);
  assert.match(markdownOf({ ...REPORT, results: [] }), /NOT WELL/);
});

test('silence: from one good answer to the next, and to both ends', () => {
  assert.equal(longestGap([], 10, 25), 15);
  assert.equal(longestGap([20, 12], 10, 25), 8);
  assert.equal(longestGap([11, 12], 10, 40), 28);
});
