/** What nginx takes, moat takes: of the golden cases that moat refuses, nginx refuses each too, or the reason stands here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { checkText } from './check-text.ts';
import { filesOf, GOLDEN_CASES, readCase } from './golden-case.ts';

const NGINX = '/usr/sbin/nginx';
const skip = existsSync(NGINX) ? false : 'nginx is not installed';

/** Case → why moat is stricter. */
const STRICTER: Readonly<Record<string, string>> = {};

const dir = mkdtempSync(join(tmpdir(), 'golden-'));
after(() => rmSync(dir, { recursive: true }));

/** The first error of `nginx -t`, or undefined when it reads all of the configuration. */
function nginxRefuses(input: string): string | undefined {
  const here = input.replaceAll('/conf/', `${dir}/conf/`);
  const { main, files } = filesOf(here);
  for (const [path, text] of Object.entries({ ...files, [`${dir}/conf/moat.conf`]: main })) {
    const inside = path.startsWith(dir) ? path : join(dir, path);
    mkdirSync(dirname(inside), { recursive: true });
    writeFileSync(inside, text, 'latin1');
  }
  const args = ['-t', '-p', dir, '-c', `${dir}/conf/moat.conf`, '-e', 'stderr'];
  const { stderr, signal } = spawnSync(NGINX, args, { encoding: 'latin1' });
  if (signal) return `ended by ${signal}`; // as it does when a file includes itself
  const said = /\[(?:emerg|crit|alert)\] (?:\d+#\d+: )?(.*)/.exec(stderr)?.[1];
  return said?.startsWith('no "events" section') ? undefined : said;
}

test('golden: what moat refuses, nginx refuses', { skip }, () => {
  const wrong: string[] = [];
  let refused = 0;
  for (const name of GOLDEN_CASES) {
    const { input } = readCase(name);
    const { main, files } = filesOf(input);
    if (checkText(main, files).model !== undefined) continue;
    refused++;
    if (!(name in STRICTER) && nginxRefuses(input) === undefined) wrong.push(name);
  }
  assert.deepEqual(wrong, []);
  assert.ok(refused > 50, `only ${refused} cases are refused`);
});

test('golden: the cases in which moat is stricter are there, and are', { skip }, () => {
  for (const [name, why] of Object.entries(STRICTER)) {
    assert.ok(GOLDEN_CASES.includes(name), name);
    assert.equal(nginxRefuses(readCase(name).input), undefined, `${name}: ${why}`);
  }
});
