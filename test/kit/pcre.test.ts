/** translatePattern() against nginx and the PCRE2 that it links: the same patterns on the same subjects, group by group. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PatternFault, regexOf, translatePattern } from '../../kit/pcre.ts';
import { DIFFERENT, PATTERNS, REFUSED, SUBJECTS, UNSUPPORTED } from './pcre.vectors.ts';

const NGINX = '/usr/sbin/nginx';
const skip = existsSync(NGINX) ? false : 'nginx is not installed';
const SEPARATOR = '\x1f';
const ROUNDS = 200;
const GROUPS = [1, 2, 3, 4, 5];

const quote = (pattern: string) => `"${pattern.replace(/[\\"]/g, '\\$&')}"`;
const signOf = (ignoreCase: boolean) => (ignoreCase ? '~*' : '~');

/** Every pattern as a map over the subject, which is the path of the request. */
function oracleConf(patterns: readonly (readonly [string, boolean])[], socket: string): string {
  const value = GROUPS.map(group => `[$${group}]`).join('');
  const maps = patterns.map(
    ([pattern, ignoreCase], index) =>
      `map $subject $o${index} { ${quote(signOf(ignoreCase) + pattern)} "${value}"; default "-"; }`,
  );
  const outputs = patterns.map((_, index) => `$o${index}`).join(SEPARATOR);
  return `daemon off; master_process off; pid pid; error_log stderr crit;
events { }
http {
  access_log off; merge_slashes off; large_client_header_buffers 4 64k;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  ${maps.join('\n  ')}
  server { listen unix:${socket}; location ~ "^/s(?<subject>(?s:.*))\\\\z" { return 200 "${outputs}"; } }
}`;
}

/** What nginx says of a subject: an answer for each pattern. */
async function ask(socketPath: string, subject: string): Promise<string[]> {
  const bytes = [...subject].map(char => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  const sent = request({ socketPath, path: `/s${bytes}` }).end();
  const [response] = await once(sent, 'response');
  response.setEncoding('latin1');
  const text = (await Array.fromAsync(response)).join('');
  assert.equal(response.statusCode, 200, text);
  return text.split(SEPARATOR);
}

function weSay(regex: RegExp, subject: string): string {
  const match = regex.exec(subject);
  return match ? GROUPS.map(group => `[${match[group] ?? ''}]`).join('') : '-';
}

async function listens(path: string): Promise<boolean> {
  const tried = connect({ path });
  const heard = await once(tried, 'connect').then(
    () => true,
    () => false,
  );
  tried.destroy();
  return heard;
}

/** Runs nginx with the patterns as maps, asks about each subject, and ends it. @returns answers by subject, then by pattern */
async function nginxSays(
  patterns: readonly (readonly [string, boolean])[],
  subjects: readonly string[],
): Promise<string[][]> {
  const dir = mkdtempSync(join(tmpdir(), 'pcre-'));
  const socket = join(dir, 'socket');
  writeFileSync(join(dir, 'nginx.conf'), oracleConf(patterns, socket), 'latin1');
  const stdio = ['ignore', 'ignore', 'pipe'] as const;
  const nginx = spawn(NGINX, ['-p', dir, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: [...stdio] });
  let said = '';
  nginx.stderr?.setEncoding('latin1').on('data', text => (said += text));
  try {
    // The file is there a moment before anybody listens at it.
    while (!(await listens(socket))) {
      assert.equal(nginx.exitCode, null, said);
      await sleep(10);
    }
    const answers: string[][] = [];
    for (const subject of subjects) answers.push(await ask(socket, subject));
    return answers;
  } finally {
    nginx.kill('SIGTERM');
    if (nginx.exitCode === null) await once(nginx, 'exit');
    rmSync(dir, { recursive: true });
  }
}

test('translatePattern: matches what PCRE2 matches inside nginx, with the same groups', {
  skip,
}, async () => {
  const patterns = [false, true].flatMap(ignoreCase =>
    PATTERNS.map(pattern => [pattern, ignoreCase] as const),
  );
  const answers = await nginxSays(patterns, SUBJECTS);
  const differences: string[] = [];
  let matches = 0;
  patterns.forEach(([pattern, ignoreCase], index) => {
    const regex = regexOf(translatePattern(pattern, ignoreCase));
    SUBJECTS.forEach((subject, at) => {
      const theirs = answers[at]?.[index];
      const ours = weSay(regex, subject);
      if (ours !== '-') matches++;
      if (ours === theirs) return;
      const where = `${signOf(ignoreCase)} ${pattern} (${regex}) on ${JSON.stringify(subject)}`;
      differences.push(`${where}: nginx ${JSON.stringify(theirs)}, we ${JSON.stringify(ours)}`);
    });
  });
  assert.deepEqual(differences, []);
  assert.ok(matches > 1000, `only ${matches} matches`);
});

test('translatePattern: the differences that are left are the known ones', { skip }, async () => {
  const patterns = DIFFERENT.map(([pattern]) => [pattern, false] as const);
  const subjects = DIFFERENT.map(([, subject]) => subject);
  const answers = await nginxSays(patterns, subjects);
  DIFFERENT.forEach(([pattern, subject, theirs, ours], index) => {
    assert.equal(answers[index]?.[index], theirs, pattern);
    assert.equal(weSay(regexOf(translatePattern(pattern)), subject), ours, pattern);
  });
});

/**
 * Random patterns, each in one group so that `$1` is what it matched. Without `\R`, before which PCRE2 10.42 makes
 * repetitions possessive that must not be.
 */
function randomPatterns(count: number, seed: number): string[] {
  let state = seed;
  const next = (below: number) =>
    ((state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >>> 8) % below;
  const pick = (list: readonly string[]) => list[next(list.length)]!;
  const atom = () =>
    pick([
      'a',
      'b',
      'A',
      '.',
      '[ab]',
      '[^a]',
      '\\w',
      '\\n',
      '\\s',
      '^',
      '$',
      '\\b',
      '\\z',
      '[[:upper:]b]',
      '\xe9',
    ]);
  const times = () => pick(['', '', '', '*', '+', '?', '{2}', '{1,2}', '*?', '+?', '??', '*+', '++', '?+']);
  // Not `*` and `+`: see DIFFERENT.
  const turns = () => pick(['', '', '', '?', '??', '?+', '{2}']);
  const open = () => pick(['(?:', '(?:', '(', '(?>', '(?=', '(?!', '(?i:', '(?s:', '(?m:']);
  const piece = (depth: number): string => {
    if (depth === 0 || next(3) > 0) {
      const one = atom();
      return /^(\^|\$|\\[bz])$/.test(one) ? one : one + times();
    }
    return `${open()}${branch(depth - 1)}${next(3) ? '' : `|${branch(depth - 1)}`})${turns()}`;
  };
  const branch = (depth: number): string => Array.from({ length: 1 + next(3) }, () => piece(depth)).join('');
  return Array.from({ length: count }, () => `(${pick(['', '', '(?i)', '(?m)'])}${branch(3)})`);
}

test('translatePattern: random patterns match what they match inside nginx', { skip }, async () => {
  const patterns = randomPatterns(ROUNDS, 3).map(pattern => [pattern, false] as const);
  const subjects = SUBJECTS.filter(subject => /^[ab\s\xe9\xc9]+$/i.test(subject));
  const answers = await nginxSays(patterns, subjects);
  const firstGroup = (answer = '') => /^(?:-$|\[[^\]]*\])/.exec(answer)?.[0];
  patterns.forEach(([pattern], index) => {
    const regex = regexOf(translatePattern(pattern));
    subjects.forEach((subject, at) => {
      const where = `${pattern} (${regex}) on ${JSON.stringify(subject)}`;
      assert.equal(firstGroup(weSay(regex, subject)), firstGroup(answers[at]?.[index]), where);
    });
  });
});

/** Whether `nginx -t` takes a pattern. */
function nginxTakes(pattern: string): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'pcre-'));
  try {
    const conf = `events { } http { access_log off; server { location ~ ${quote(pattern)} { } } }`;
    writeFileSync(join(dir, 'nginx.conf'), conf, 'latin1');
    const { status } = spawnSync(NGINX, [
      '-t',
      '-p',
      dir,
      '-c',
      'nginx.conf',
      '-e',
      'stderr',
      '-g',
      'pid p;',
    ]);
    return status === 0;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('translatePattern: refuses what PCRE2 refuses', { skip }, () => {
  for (const pattern of REFUSED) {
    assert.throws(() => translatePattern(pattern), PatternFault, pattern);
    assert.equal(nginxTakes(pattern), false, `nginx takes ${pattern}`);
  }
});

test('translatePattern: says what it cannot do, instead of matching something else', () => {
  for (const [pattern, reason] of UNSUPPORTED)
    assert.throws(() => translatePattern(pattern), { message: reason });
});

test('translatePattern: keeps plain patterns plain', () => {
  assert.deepEqual(translatePattern('^/a(\\d+)/(?P<rest>\\w*)'), {
    source: '^/a(\\d+)/(?<rest>\\w*)',
    flags: '',
    names: ['rest'],
  });
  assert.deepEqual(translatePattern('\\.(js|css)', true), { source: '\\.(js|css)', flags: 'i', names: [] });
});

test('regexOf: groups that the translation added are not seen, also by replace and named groups', () => {
  const regex = regexOf(translatePattern('(?<a>x++)y(?>z|zz)(w)'));
  const match = regex.exec('-xxyzw-');
  assert.deepEqual([...(match ?? [])], ['xxyzw', 'xx', 'w']);
  assert.equal(match?.groups?.['a'], 'xx');
  assert.equal(match?.index, 1);
  assert.equal('xyzw'.replace(regex, '$2$1'), 'wx');
  assert.equal(regex.test('xyzz'), false);
});
