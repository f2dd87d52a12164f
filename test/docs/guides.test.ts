/** The guides: configurations in them are sound, commands in them exist, links lead somewhere. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { COMMANDS } from '../../control/commands.ts';
import { PROGRAMS } from '../e2e/rig.ts';

const ROOT = join(import.meta.dirname, '../..');
const guides = readdirSync(join(ROOT, 'docs/guides')).map(name => `docs/guides/${name}`);
const pages = ['README.md', 'README.zh-CN.md', 'docs/package.md', 'docs/compose.md', ...guides];
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const dir = mkdtempSync(join(tmpdir(), 'moat-guides-'));
after(() => rmSync(dir, { recursive: true }));

/** Blocks of a language whose first line begins with `start`. */
function blocksOf(page: string, language: string, start: string): string[] {
  const blocks = textOf(page).matchAll(new RegExp(`^\`\`\`${language}\\n(${start}[^]*?)^\`\`\`$`, 'gm'));
  return [...blocks].map(([, text]) => text!);
}

function makePair(): void {
  mkdirSync(join(dir, 'tls'));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=example.org'];
  const files = ['-keyout', join(dir, 'tls/example.org.key'), '-out', join(dir, 'tls/example.org.pem')];
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', ...key, ...files], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

test('guides: moat takes each whole configuration', () => {
  makePair();
  const found = pages.flatMap(page => blocksOf(page, 'nginx', '# moat\\.conf').map(text => ({ page, text })));
  assert.ok(found.length >= 5, `${found.length} configurations`);
  for (const { page, text } of found) {
    writeFileSync(join(dir, 'moat.conf'), text.replace('waf_rules crs;', ''));
    const { status, stderr } = spawnSync(PROGRAMS.moat, ['check', join(dir, 'moat.conf')], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${page}: ${stderr}`);
  }
});

test('guides: each command of moat is one', () => {
  const said = pages.flatMap(page =>
    [...textOf(page).matchAll(/(?:^|[`;|&$] ?|\bsudo )(?:bin\/)?moat ([a-z][a-z0-9-]*)/gm)].map(
      ([, word]) => ({ page, word: word! }),
    ),
  );
  assert.ok(said.length > 50, `${said.length} commands`);
  for (const { page, word } of said) assert.ok(Object.hasOwn(COMMANDS, word), `${page}: moat ${word}`);
});

test('reference: each command of moat stands in it', () => {
  const page = textOf('docs/reference/command-line.md');
  const missing = Object.keys(COMMANDS).filter(name => !new RegExp(`\`(?:moat )?${name}\\b`).test(page));
  assert.deepEqual(missing, []);
});

test('guides: links lead to files', () => {
  const links = pages.flatMap(page =>
    [...textOf(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path]) => ({ page, path: path! })),
  );
  assert.ok(links.length > 20, `${links.length} links`);
  for (const { page, path } of links)
    assert.ok(existsSync(join(ROOT, dirname(page), path)), `${page}: ${path} is not there`);
});
