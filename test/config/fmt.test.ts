/** formatConfig(): one layout, the same tokens, and nothing more to change the second time. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatConfig } from '#config';
import { lex } from '../../config/lex.ts';

function format(text: string): string {
  const { text: formatted, diagnostics } = formatConfig(text, 'f');
  assert.deepEqual(diagnostics, []);
  return formatted!;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  lex(text, 'f', {
    token: ({ kind, text: value, quote }) => void tokens.push(`${kind} ${quote} ${value}`),
    fault: message => assert.fail(message),
  });
  return tokens;
}

test('formatConfig: a directive a line, blocks indented by four', () => {
  assert.equal(
    format('http{server{listen 80;location /{return 204;}}}events {}'),
    [
      'http {',
      '    server {',
      '        listen 80;',
      '        location / {',
      '            return 204;',
      '        }',
      '    }',
      '}',
      'events {',
      '}',
      '',
    ].join('\n'),
  );
});

test('formatConfig: quotes and escapes stay as they are written', () => {
  assert.equal(format(`a  "b  c"   'd' e\\ f "g\\"";`), `a "b  c" 'd' e\\ f "g\\"";\n`);
});

test('formatConfig: comments keep their line or their place behind one', () => {
  const text = '#one\na;# two\nb { # three\n# four\n} # five\n';
  assert.equal(format(text), '#one\na; # two\nb { # three\n    # four\n} # five\n');
});

test('formatConfig: comments inside a directive end their line', () => {
  assert.equal(format('a # x\n b\n# y\n;\nc # z\n{ }'), 'a # x\n    b\n    # y\n    ;\nc # z\n{\n}\n');
});

test('formatConfig: blank lines become one, and none at the edges of a block', () => {
  assert.equal(
    format('\n\na;\n\n\n\nb {\n\n c;\n\n d;\n\n}\n\n\ne;\n\n'),
    'a;\n\nb {\n    c;\n\n    d;\n}\n\ne;\n',
  );
});

test('formatConfig: line breaks inside a directive stay, indented once more', () => {
  assert.equal(
    format("http { log_format x 'a'\n                 'b'\n\n   'c'\n; }"),
    "http {\n    log_format x 'a'\n        'b'\n        'c';\n}\n",
  );
});

test('formatConfig: a brace on its own line joins its directive', () => {
  assert.equal(format('server\n{\n}'), 'server {\n}\n');
});

test('formatConfig: CRLF becomes LF, but not inside quotes', () => {
  assert.equal(format('a b; # c\r\nd "e\r\nf";\r\n'), 'a b; # c\nd "e\r\nf";\n');
});

test('formatConfig: an empty file stays empty', () => {
  assert.equal(format(''), '');
  assert.equal(format(' \n\n'), '');
});

test('formatConfig: a text without shape is not touched', () => {
  for (const text of ['a {', 'a', '}', 'a "b', ';', '\xef\xbb\xbfa;', 'a "b"c;']) {
    const { text: formatted, diagnostics } = formatConfig(text, 'f');
    assert.equal(formatted, undefined, text);
    assert.equal(diagnostics[0]?.code, 'syntax', text);
  }
});

test('formatConfig: includes are not looked at', () => {
  assert.equal(format('include  nowhere.conf;'), 'include nowhere.conf;\n');
});

/** Random texts with balanced braces. */
function* randomConfigs(count: number): Generator<string> {
  let state = 11;
  const next = (below: number) => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % below;
  const pick = (list: readonly string[]) => list[next(list.length)]!;
  const gap = () => pick([' ', '\t', '\n', '\n\n\n', ' # c\n', '\n#d\n', '\r\n']);
  const word = () => pick(['a', '"b c"', "'d'", 'e\\ f', '${g}', '"h\ni"', ')', 'a"b', '#x', '$', '"', '""']);
  const safe = (text: string) => (text === '"' ? 'j"' : text === '#x' ? 'k#x' : text);
  const lines = (depth: number): string =>
    Array.from({ length: next(4) }, () => {
      const words = Array.from({ length: 1 + next(4) }, () => safe(word())).join(gap());
      return (
        words +
        gap() +
        (depth > 0 && next(3) === 0 ? `{${gap()}${lines(depth - 1)}}` : ';') +
        pick(['', gap()])
      );
    }).join('');
  for (let i = 0; i < count; i++) yield gap() + lines(3);
}

test('formatConfig: never changes a token, and is done after once', () => {
  let formatted = 0;
  for (const text of randomConfigs(400)) {
    const once = format(text);
    assert.deepEqual(tokensOf(once), tokensOf(text), JSON.stringify(text));
    assert.equal(format(once), once, JSON.stringify(text));
    if (once !== text) formatted++;
  }
  assert.ok(formatted > 200);
});

test('formatConfig: the examples keep their tokens', () => {
  const folder = join(import.meta.dirname, '../../examples');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.conf'),
  );
  assert.ok(files.length >= 3);
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'latin1');
    assert.deepEqual(tokensOf(format(text)), tokensOf(text), file);
  }
});
