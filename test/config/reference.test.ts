/** The pages made from the tables are the ones in docs/reference/, and the tables are whole. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeDirectives, GENERATE, nearestDirective, referencePages } from '#config';
import { DIAGNOSTIC_CODES } from '../../config/diagnostic-code.ts';
import { DIRECTIVES } from '../../config/directives/table.ts';

const ROOT = join(import.meta.dirname, '../..');

for (const [name, text] of Object.entries(referencePages())) {
  test(`docs/reference/${name}: is what the tables say`, () => {
    const committed = readFileSync(join(ROOT, 'docs/reference', name), 'utf8');
    // A plain comparison: the difference of two long pages would bury the one line that helps.
    assert.ok(committed === text, `docs/reference/${name} is out of date; run:\n\n    ${GENERATE}\n`);
  });
}

test('diagnostics: every code of the table is used, and the compiler holds the other direction', () => {
  // Rules of the WAF are read by control, which tells of them as config/ tells of its own lines.
  const folders = [join(ROOT, 'config'), join(ROOT, 'control/waf')];
  const sources = folders
    .flatMap(folder =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
    )
    .filter(file => file.endsWith('.ts') && !file.endsWith('diagnostic-code.ts'))
    .map(file => readFileSync(file, 'utf8'))
    .join('');
  const unused = Object.keys(DIAGNOSTIC_CODES).filter(code => !sources.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});

test('directives: every example names its directive, every summary is a sentence', () => {
  assert.ok(DIRECTIVES.size > 30);
  for (const { name, doc } of [...DIRECTIVES.values()].flat()) {
    assert.ok(doc.example.includes(name), `the example of ${name} is not one`);
    assert.match(doc.summary, /[.]$/, `the summary of ${name}`);
  }
});

test('describeDirectives: lists all, tells all about one, and knows what nginx has', () => {
  assert.match(describeDirectives() ?? '', /^worker_connections +How many connections.*$/m);
  const about = describeDirectives('worker_connections') ?? '';
  assert.match(about, /^Syntax: {2}worker_connections number;$/m);
  assert.match(about, /^Context: events$/m);
  assert.match(describeDirectives('mail') ?? '', /moat does not implement/);
  assert.equal(describeDirectives('rooot'), undefined);
  assert.equal(nearestDirective('rooot'), 'root');
});

test('describeDirectives: a name with two meanings has two entries, one with one meaning has one', () => {
  assert.equal(describeDirectives('server')?.match(/^Syntax:/gm)?.length, 2);
  assert.equal(describeDirectives('error_log')?.match(/^Syntax:/gm)?.length, 1);
});
