/** The console's editor knows the language as the server does: held against its lexer, its checker and its tables by all golden cases. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { spanOf } from '../../admin-ui/src/code/faults.ts';
import { type Lexing, START } from '../../admin-ui/src/code/lex.ts';
import { offersAt } from '../../admin-ui/src/code/offer.ts';
import { placeAt, walk } from '../../admin-ui/src/code/place.ts';
import { Vocabulary } from '../../admin-ui/src/code/vocabulary.ts';
import { lex } from '../../config/lex.ts';
import { vocabulary } from '../../config/vocabulary.ts';

const ROOT = join(import.meta.dirname, '../..');
const KNOWN = new Vocabulary(vocabulary());
const MAIN = ['main'];

/** Text of a golden case, and whether the checker finds nothing in it. */
const CASES = globSync('test/golden/*/*.txt', { cwd: ROOT }).map(name => {
  const [text = '', ...said] = readFileSync(join(ROOT, name), 'latin1').split(/^-{10}.*$/m);
  return { name, text, isSound: !/^\d+:\d+ [a-z-]+: /m.test(said.join()) };
});

interface Statement {
  readonly words: readonly string[];
  readonly blocks: readonly string[];
  readonly end: string;
}

/** What each `;`, `{` and `}` finds before it, by the editor's reading. */
function statementsOf(text: string): Statement[] {
  const found: Statement[] = [];
  let before: Lexing = START;
  walk(text, text.length, (at, kind, after) => {
    if (kind === 'sign') {
      const words = before.word === '' ? before.words : [...before.words, before.word];
      found.push({ words, blocks: before.blocks, end: text[at]! });
    }
    before = after;
  });
  return found;
}

/** By the server's. */
function statementsOfServer(text: string): string[] | undefined {
  const found: string[] = [];
  let words: string[] = [];
  let isSound = true;
  const isWhole = lex(text, 'x', {
    fault: () => {
      isSound = false;
    },
    token({ kind, text, length, quote }) {
      if (kind === 'comment') return;
      if (kind === 'word') return void words.push(length === text.length + 2 * quote.length ? text : '?');
      found.push(`${words.join('|')} ${kind}`);
      words = [];
    },
  });
  return isSound && isWhole ? found : undefined;
}

test('editor: words and statements are those that the server reads, in every golden case', () => {
  let read = 0;
  for (const { name, text } of CASES) {
    const expected = statementsOfServer(text);
    if (!expected) continue;
    const shown = statementsOf(text).map(({ words, end }) => `${words.join('|')} ${end}`);
    assert.equal(shown.length, expected.length, name);
    // a word with escapes is another one there
    for (const [at, one] of expected.entries()) if (!one.includes('?')) assert.equal(shown[at], one, name);
    read++;
  }
  assert.ok(read > 100, `${read} cases`);
});

test('editor: where the checker finds nothing, each directive is known in its block, and would have been offered there', () => {
  let seen = 0;
  for (const { name, text, isSound } of CASES) {
    if (!isSound) continue;
    for (const { words, blocks } of statementsOf(text)) {
      const contexts = KNOWN.inside(MAIN, blocks);
      if (words[0] === undefined || contexts.includes('rows')) continue;
      assert.ok(KNOWN.find(contexts, words[0]), `${name}: ${words[0]} in ${blocks.join(' ')}`);
      seen++;
    }
  }
  assert.ok(seen > 500, `${seen} directives`);
});

const offers = (text: string, roots: readonly string[] = MAIN) => {
  const at = text.indexOf('^');
  const place = placeAt(text.replace('^', ''), at);
  const offered = offersAt(place, KNOWN, roots);
  return offered?.offers.map(({ label }) => label) ?? [];
};

test('editor: offers names that may stand in the block, and no others', () => {
  const inPool = offers('http { upstream a { ^');
  assert.ok(inPool.includes('server') && inPool.includes('least_conn'));
  assert.ok(!inPool.includes('proxy_pass') && !inPool.includes('listen'));
  const inLocation = offers('http { server { location / { prox^ } } }');
  assert.ok(inLocation.includes('proxy_pass') && !inLocation.includes('upstream'));
  assert.ok(offers('^').includes('http') && !offers('^').includes('server'));
  assert.ok(offers('l4 { virtual_server x { ^').includes('real_server'));
  assert.ok(!offers('http { server { if ($a) { ^').includes('proxy_pass'));
  assert.ok(offers('http { server { location / { if ($a) { ^').includes('proxy_pass'));
  assert.deepEqual(offers('http { map $a $b { ^'), [], 'rows are no directives');
  assert.deepEqual(offers('http { # ^'), []);
  assert.deepEqual(offers('http { no_such_block { ^'), []);
});

test('editor: offers the words of a line, each at its place and once', () => {
  assert.deepEqual(offers('http { server { location / { waf ^'), ['off', 'detect', 'block']);
  assert.deepEqual(offers('http { gzip ^'), ['on', 'off']);
  assert.deepEqual(offers('http { gzip on ^'), []);
  const server = offers('http { upstream a { server 10.0.0.1 weight=2 ^');
  assert.ok(server.includes('max_fails=') && server.includes('backup') && !server.includes('weight='));
  assert.deepEqual(offers('http { upstream a { server ^'), [], 'its address comes first');
  assert.ok(offers('http { proxy_next_upstream error ^').includes('timeout'));
  assert.ok(offers('http { server { listen 80;\n  return 200 "a $^').includes('$host'));
  assert.ok(offers('http { server { return 200 ${^').includes('${host'));
  const place = placeAt('http { server { return 200 a${ho', 32);
  const { from = 0, offers: all = [] } = offersAt(place, KNOWN, MAIN) ?? {};
  assert.equal(from, 28, 'the name begins at its dollar');
  assert.equal(all.find(({ label }) => label === '${host')?.writes, '${host}');
});

test('editor: a file that is included begins in the block that includes it, by names and patterns, through several files', () => {
  const files = [
    { path: '/etc/moat/moat.conf', text: 'http { include sites/*.conf; server { include "tls.conf"; } }' },
    { path: '/etc/moat/sites/a.conf', text: 'upstream a { include /srv/members; }' },
    { path: '/etc/moat/tls.conf', text: '' },
    { path: '/srv/members', text: '' },
    { path: '/etc/moat/sites/deep/b.conf', text: '' },
  ];
  const roots = KNOWN.rootsOf('/etc/moat/moat.conf', files, '/etc/moat');
  assert.deepEqual(Object.fromEntries(roots), {
    '/etc/moat/moat.conf': ['main'],
    '/etc/moat/sites/a.conf': ['http'],
    '/etc/moat/tls.conf': ['server'],
    '/srv/members': ['upstream'],
  });
  assert.ok(offers('^', roots.get('/srv/members')).includes('server'));
});

test('editor: faults lie at the chars that the bytes of the server mean', () => {
  const lines = ['# 中文', 'return 200 "é😀x" bad;'];
  const at = (column: number, length: number, line = 2) => {
    const { from, to } = spanOf(lines, { severity: 'error', line, column, length });
    return lines.join('\n').slice(from, to);
  };
  assert.equal(at(1, 6), 'return');
  assert.equal(at(12, 9), '"é😀x"');
  assert.equal(at(22, 3), 'bad');
  assert.equal(at(3, 6, 1), '中文');
  assert.equal(at(99, 5), '', 'of a text that was another one');
  assert.equal(at(1, 1, 99), 'r');
});
