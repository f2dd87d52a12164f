/** The grammar against nginx itself: what `nginx -t` says about odd texts, our parser must read the same way. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Faults } from '../../config/diagnostic.ts';
import { type Node, Parser } from '../../config/parse.ts';

const NGINX = '/usr/sbin/nginx';
const skip = existsSync(NGINX) ? false : 'nginx is not installed';
const dir = mkdtempSync(join(tmpdir(), 'agreement-'));
after(() => rmSync(dir, { recursive: true }));

/** The message of nginx's first error, latin1, without its place; '' when the file is fine. */
function nginxSays(text: string): string {
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, text, 'latin1');
  const { stderr } = spawnSync(NGINX, ['-t', '-p', dir, '-c', file, '-e', 'stderr', '-g', 'pid x.pid;'], {
    encoding: 'latin1',
  });
  const said =
    /\[(?:emerg|crit)\] (?:\d+#\d+: )?(.*?)(?: in [^ ]*nginx\.conf:\d+)?\nnginx: configuration file/s.exec(
      stderr,
    );
  if (!said) assert.match(stderr, /test is successful/);
  // This one comes after the whole text was read, and fine.
  return said?.[1] === 'no "events" section in configuration' ? '' : (said?.[1] ?? '');
}

/** The first error that nginx would find in our tree, in its words; undefined when our parser told of a fault. */
function weSay(text: string): string | undefined {
  const faults = new Faults();
  const parser = new Parser({ read: () => text, glob: () => [] }, '/', faults);
  const fault = parser
    .file('/nginx.conf')
    .map(nginxFaultOf)
    .find(message => message !== undefined);
  return fault ?? (faults.hasErrors ? undefined : '');
}

/** What ngx_conf_handler() makes of a line in main, when it knows `daemon` and `events` alone. */
function nginxFaultOf({ name, args, block }: Node): string | undefined {
  if (name.text === 'events') {
    if (!block) return 'directive "events" has no opening "{"';
    if (args.length > 0) return 'invalid number of arguments in "events" directive';
    return block.map(faultInEvents)[0];
  }
  if (name.text !== 'daemon') return `unknown directive "${name.text}"`;
  if (block) return 'directive "daemon" is not terminated by ";"';
  if (args.length !== 1) return 'invalid number of arguments in "daemon" directive';
  const value = args[0]!.text;
  if (/^(on|off)$/i.test(value)) return undefined;
  return `invalid value "${value}" in "daemon" directive, it must be "on" or "off"`;
}

const faultInEvents = ({ name }: Node) =>
  name.text === 'daemon' ? '"daemon" directive is not allowed here' : `unknown directive "${name.text}"`;

/** nginx stops at the first fault, we go on: when ours is about the shape, its must be about that or about a line before. */
function compare(text: string): void {
  const ours = weSay(text);
  const theirs = nginxSays(text);
  const shape = /^(unexpected |unexpected end of )/.test(theirs);
  if (shape) assert.notEqual(ours, '', `nginx says ${theirs} about ${JSON.stringify(text)}`);
  else if (ours === undefined) assert.notEqual(theirs, '', `nginx takes ${JSON.stringify(text)}`);
  else assert.equal(ours, theirs, JSON.stringify(text));
}

const CORPUS = [
  'daemon off;',
  '"daemon" "off";',
  "'daemon' OFF;",
  'daemon\toff\r\n;',
  'daemon # x\n off; # y',
  'daemon off#;',
  'daemon "a\\"b";',
  "daemon 'a\\'b';",
  'daemon a\\tb;',
  'daemon "a\\nb";',
  'daemon a\\b;',
  'daemon a\\\\b;',
  'daemon \\;;',
  'daemon a\\ b;',
  'daemon a\\{b;',
  'daemon ${a};',
  'daemon ${{a;',
  'daemon a${b}c;',
  'daemon $;',
  'daemon $a{',
  'daemon a"b;',
  'daemon "a"b;',
  'daemon "a")',
  'daemon "a");',
  'daemon "a"}',
  'daemon "a"{}',
  'daemon "a"#;',
  'daemon ""',
  "daemon '';",
  'daemon "',
  "daemon 'a",
  'daemon',
  'daemon off',
  'daemon;',
  'daemon a b;',
  ';',
  '{',
  '}',
  '{}',
  'daemon off;;',
  'daemon off; }',
  'daemon {}',
  'a;',
  'a {}',
  '"" a;',
  'daemon a}b;',
  'daemon }',
  'events;',
  'events a {}',
  'events {',
  'events {};',
  'events { daemon off; }',
  '#',
  '#\n',
  '\r',
  'daemon \x0boff;',
  'daemon \xff\xfe;',
  '\xef\xbb\xbfdaemon off;',
  'daemon "\\',
  'daemon \\',
  'daemon "a\nb";',
  'daemon on;\ndaemon_ x;',
  'daemon "$',
  'daemon "${a b}";',
  "daemon '\"';",
  'daemon $\\{;',
  'daemon a\\"b;',
];

test('grammar: odd texts are read as nginx reads them', { skip }, () => {
  for (const text of CORPUS) compare(text);
});

/** A small generator with a seed, so that a failure can be repeated. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    yield state >>> 8;
  }
}

const SIGNS = [
  'a',
  'b',
  '"',
  '"',
  "'",
  '\\',
  ';',
  '{',
  '}',
  '$',
  '${',
  '#',
  '(',
  ')',
  ' ',
  ' ',
  '\n',
  '\r',
  '\t',
  'n',
  't',
];

test('grammar: random texts are read as nginx reads them', { skip }, () => {
  const numbers = random(20261121);
  for (let round = 0; round < 200; round++) {
    const length = 1 + (numbers.next().value % 9);
    const text = Array.from({ length }, () => SIGNS[numbers.next().value % SIGNS.length]).join('');
    compare(`daemon ${text};\n`);
  }
});
