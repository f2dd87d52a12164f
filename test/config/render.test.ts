/** Diagnostics as the operator sees them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Diagnostic, renderDiagnostics, summarize } from '#config';
import { checkText, MAIN_FILE } from './check-text.ts';

const bytes = (text: string) => Buffer.from(text).toString('latin1');

function render(text: string): string {
  return renderDiagnostics(checkText(text).diagnostics, { texts: new Map([[MAIN_FILE, text]]) });
}

const fault: Diagnostic = {
  severity: 'error',
  code: 'value',
  message: 'wrong',
  file: '/f',
  line: 1,
  column: 1,
  length: 1,
};

test('renderDiagnostics: place, message, line with caret, hint, summary', () => {
  assert.equal(
    render('daemon off;\nworker_proceses 2;\n'),
    [
      '/conf/moat.conf:2:1: error[unknown-directive]: unknown directive "worker_proceses"',
      ' 2 | worker_proceses 2;',
      '   | ^~~~~~~~~~~~~~~',
      'hint: did you mean "worker_processes"?',
      '',
      '1 error',
      '',
    ].join('\n'),
  );
});

test('renderDiagnostics: the caret stands under its word after tabs', () => {
  assert.match(render('\tdaemon\tmaybe;'), /^ 1 \| \tdaemon\tmaybe;\n {3}\| \t {6}\t\^~~~~$/m);
});

test('renderDiagnostics: the caret stands under its word after UTF-8, wide signs too', () => {
  assert.match(render(bytes('daemon "é" nö;')), /^ 1 \| daemon "é" nö;\n {3}\| {12}\^~$/m);
  assert.match(render(bytes('daemon "日本" no;')), /^ {3}\| {15}\^~$/m);
});

test('renderDiagnostics: a file that is no UTF-8 is shown as latin1', () => {
  assert.match(render('daemon "\xe9" n\xf6;'), /^ 1 \| daemon "é" nö;\n {3}\| {12}\^~$/m);
});

test('renderDiagnostics: control characters of a file do not reach the terminal', () => {
  const text = render('daemon "\x1b[31m\n";');
  assert.ok(!text.includes('\x1b'));
  assert.match(text, /"\\x1b\[31m\\n" is neither/);
});

test('renderDiagnostics: a word of several lines is underlined to the end of its first', () => {
  assert.match(render('daemon "a\nb";'), /^ 1 \| daemon "a\n {3}\| {8}\^~$/m);
});

test('renderDiagnostics: of a long line the part around the fault is shown', () => {
  const text = render(`daemon off; ${'# '.padStart(4)}\nenv ${'x'.repeat(300)} y ${'z'.repeat(300)};`);
  const [, line = '', caret = ''] = text.split('\n');
  assert.ok(line.length < 140, line);
  assert.equal(line.charAt(caret.indexOf('^')), 'y');
});

test('renderDiagnostics: CRLF files show no CR', () => {
  assert.match(render('daemon x;\r\n'), /^ 1 \| daemon x;\n {3}\| {8}\^$/m);
});

test('renderDiagnostics: without the text of the file the rest is told', () => {
  assert.equal(renderDiagnostics([fault], { texts: new Map() }), '/f:1:1: error[value]: wrong\n\n1 error\n');
});

test('renderDiagnostics: colours only when asked for', () => {
  const options = { texts: new Map([['/f', 'x;']]) };
  assert.ok(!renderDiagnostics([fault], options).includes('\x1b'));
  const coloured = renderDiagnostics([fault], { ...options, colour: true });
  assert.equal(coloured.replace(/\x1b\[[0-9;]*m/g, ''), renderDiagnostics([fault], options));
  assert.ok(coloured.includes('\x1b'));
});

test('summarize: counts errors and warnings', () => {
  const warning: Diagnostic = { ...fault, severity: 'warning' };
  assert.equal(summarize([fault, warning, fault]), '2 errors, 1 warning');
  assert.equal(summarize([warning, warning]), '2 warnings');
  assert.equal(summarize([]), '');
  assert.equal(renderDiagnostics([], { texts: new Map() }), '');
});
