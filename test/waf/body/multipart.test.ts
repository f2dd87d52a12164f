/** Multipart bodies: parts, and the flags and faults of those that servers could read differently. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMultipart } from '../../../waf/body/multipart.ts';
import { MultipartFault, type MultipartFlags, noFlags, type Part } from '../../../waf/body/multipart-part.ts';

const TYPE = 'multipart/form-data; boundary=b';

function read(
  body: string,
  type = TYPE,
): { parts: Part[]; flags: (keyof MultipartFlags)[]; fault: string | undefined; unmatched: number } {
  const flags = noFlags();
  const parts: Part[] = [];
  let fault: string | undefined;
  try {
    readMultipart(body, type, { parts: 10, files: 2 }, flags, parts);
  } catch (error) {
    if (!(error instanceof MultipartFault)) throw error;
    fault = error.message;
  }
  const set = (Object.keys(flags) as (keyof MultipartFlags)[]).filter(
    key => flags[key] && key !== 'crlfLine',
  );
  return { parts, flags: set, fault, unmatched: flags.unmatchedBoundary };
}

const part = (disposition: string, content: string, more = '') =>
  `--b\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\n${content}\r\n`;
const END = '--b--\r\n';

test('readMultipart: fields and files, contents to the byte', () => {
  const body =
    part('name="a"', 'x\r\ny\n') +
    part('name="f"; filename="n.txt"', 'hello', 'Content-Type: text/plain\r\n') +
    part('name=c', '') +
    END;
  const { parts, flags, fault } = read(body);
  assert.deepEqual(
    parts.map(({ name, filename, value, length }) => [name, filename, value, length]),
    [
      ['a', undefined, 'x\r\ny\n', 5],
      ['f', 'n.txt', '', 5],
      ['c', undefined, '', 0],
    ],
  );
  assert.deepEqual(parts[1]!.headers[1], { name: 'Content-Type', value: 'text/plain' });
  assert.deepEqual([flags, fault], [[], undefined]);
});

test('readMultipart: a file with an empty name is inspected as a field', () => {
  assert.deepEqual(read(part('name="a"; filename=""', 'evil') + END).parts[0]?.value, 'evil');
});

test('readMultipart: quoted names may hold escaped quotes', () => {
  assert.equal(read(part('name="a\\"b\\\\c"', '') + END).parts[0]?.name, 'a"b\\c');
});

test('readMultipart: an apostrophe in a quoted name is a letter; where no quotes stand it is flagged', () => {
  const honest = read(part('name="a"; filename="O\'Reilly.pdf"', 'x') + END);
  assert.deepEqual([honest.parts[0]?.filename, honest.flags], ["O'Reilly.pdf", []]);
  assert.deepEqual(read(part("name=a'b", 'x') + END).flags, ['invalidQuoting']);
});

const FLAGGED: readonly [name: string, body: string, type: string, flag: keyof MultipartFlags][] = [
  [
    'quotes around the boundary',
    part('name="a"', '') + END,
    'multipart/form-data; boundary="b"',
    'boundaryQuoted',
  ],
  ['a space before =', part('name="a"', '') + END, 'multipart/form-data; boundary =b', 'boundaryWhitespace'],
  ['no semicolon', part('name="a"', '') + END, 'multipart/form-data boundary=b', 'missingSemicolon'],
  ['data before', `x\r\n${part('name="a"', '')}${END}`, TYPE, 'dataBefore'],
  ['data after', `${part('name="a"', '')}${END}x`, TYPE, 'dataAfter'],
  ['a folded header', part('name="a"', '', 'X: y\r\n z\r\n') + END, TYPE, 'headerFolding'],
  [
    'a header folded by a form feed',
    part('name="a"', '', 'X: y\r\n\fz\r\n') + END,
    TYPE,
    'invalidHeaderFolding',
  ],
  ['LF alone', (part('name="a"', '') + END).replaceAll('\r\n', '\n'), TYPE, 'lfLine'],
  ['single quotes', part("name='a'", '') + END, TYPE, 'invalidQuoting'],
  ['a part without headers', `--b\r\n${END}`, TYPE, 'invalidPart'],
  [
    'more files than allowed',
    [1, 2, 3].map(n => part(`name="${n}"; filename="f"`, '')).join('') + END,
    TYPE,
    'fileLimitExceeded',
  ],
  ['a line like a boundary', part('name="a"', '--c') + END, TYPE, 'unmatchedBoundary'],
  ['a boundary within a line', part('name="a"', 'x --b') + END, TYPE, 'unmatchedBoundary'],
];

test('readMultipart: what lenient servers take is flagged', () => {
  for (const [name, body, type, flag] of FLAGGED) assert.ok(read(body, type).flags.includes(flag), name);
});

const FAULTY: readonly [name: string, body: string, type?: string][] = [
  ['no boundary parameter', END, 'multipart/form-data'],
  ['two boundary parameters', END, 'multipart/form-data; boundary=b; boundary=c'],
  ['another parameter first', END, 'multipart/form-data; charset=x; boundary=b'],
  ['half a pair of quotes', END, 'multipart/form-data; boundary="b'],
  ['signs that no boundary may have', END, 'multipart/form-data; boundary=b;x'],
  ['an empty boundary', END, 'multipart/form-data; boundary='],
  ['no final boundary', part('name="a"', 'x')],
  ['no boundary at all', 'x'],
  ['something after a boundary', `--bx\r\n${END}`],
  ['a space before a boundary', `${part('name="a"', '')}-- b\r\n${END}`],
  ['no Content-Disposition', `--b\r\nX: y\r\n\r\nz\r\n${END}`],
  ['no name', part('filename="a"', '') + END],
  ['two names', part('name="a"; name="b"', '') + END],
  ['a malformed filename*', part('name="a"; filename*=UTF-8\'x', '') + END],
  ['filename* of an unknown character set', part('name="a"; filename*=utf-16\'\'x', '') + END],
  ['a filename* that is cut short', part('name="a"; filename*=utf-8\'\'%4', '') + END],
  [
    'two boundaries, the second after another parameter',
    END,
    'multipart/form-data; boundary=b; x=y; boundary=c',
  ],
  ['another disposition', `--b\r\nContent-Disposition: attachment; name="a"\r\n\r\n\r\n${END}`],
  ['a header twice', part('name="a"', '', 'X: 1\r\nx: 2\r\n') + END],
  ['a header without a colon', part('name="a"', '', 'X\r\n') + END],
  ['NUL in a header', part('name="a\0"', '') + END],
  ['a quote that is not closed', part('name="a', '') + END],
  ['text after a value', part('name="a"b', '') + END],
  ['more parts than allowed', part('name="a"', '').repeat(11) + END],
  ['headers without end', '--b\r\nContent-Disposition: form-data; name="a"'],
];

test('readMultipart: what servers would read differently is a fault', () => {
  for (const [name, body, type] of FAULTY) assert.ok(read(body, type).fault, name);
});

test('readMultipart: filename* is a file name, and both are told where there are two', () => {
  const only = read(part('name="a"; filename*=utf-8\'\'%C3%A9.php', 'x') + END);
  assert.deepEqual([only.fault, only.parts[0]?.filename], [undefined, '\xc3\xa9.php']);
  const both = read(part('name="a"; filename="a.png"; filename*=UTF-8\'en\'a.php', 'x') + END);
  assert.deepEqual([both.parts[0]?.filename, both.parts[0]?.otherFilename], ['a.png', 'a.php']);
});

test('readMultipart: parameters after the boundary are none of its signs', () => {
  for (const type of ['; charset=UTF-8', ';x="y z" ; charset=UTF-8', ' ;a=b;']) {
    const { parts, fault } = read(part('name="a"', 'x') + END, `multipart/form-data; boundary=b${type}`);
    assert.deepEqual([fault, parts[0]?.value], [undefined, 'x'], type);
  }
});

test('readMultipart: a suspicious line counts less once a true boundary has come', () => {
  const number = (body: string) => read(body).unmatched;
  assert.equal(number(part('name="a"', 'x') + END), 0);
  assert.equal(number(part('name="a"', '--c') + END), 2);
  assert.equal(number(`${part('name="a"', '--c')}`), 1);
});

test('readMultipart: parts before a fault are told', () => {
  const { parts, fault } = read(part('name="a"', 'x') + part('name="b"', 'y'));
  assert.ok(fault);
  assert.deepEqual(
    parts.map(({ value }) => value),
    ['x'],
  );
});

test('readMultipart: a million lines cost one look each', () => {
  assert.match(
    read(`${part('name="a"', '')}${'--\n'.repeat(300_000)}${'-\n'.repeat(700_000)}`).fault!,
    /final boundary is missing/,
  );
});
