/** The tokens of the language: words, quotes, escapes, comments, places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lex, type Token } from '../../config/lex.ts';

function read(source: string): { tokens: Token[]; faults: string[]; complete: boolean } {
  const tokens: Token[] = [];
  const faults: string[] = [];
  const complete = lex(source, 'f', {
    token: token => tokens.push(token),
    fault: (message, { line, column }) => faults.push(`${line}:${column} ${message}`),
  });
  return { tokens, faults, complete };
}

const words = (source: string) => read(source).tokens.map(({ text }) => text);

test('lex: words end at blanks, ";" and "{"', () => {
  assert.deepEqual(words('a b\tc\r\nd;e{f}'), ['a', 'b', 'c', 'd', ';', 'e', '{', 'f}']);
  assert.deepEqual(words('a } b'), ['a', '}', 'b']);
});

test('lex: "#" starts a comment only where a word may start', () => {
  const { tokens } = read('a#b # c d ;\r\ne');
  assert.deepEqual(
    tokens.map(({ kind, text }) => [kind, text]),
    [
      ['word', 'a#b'],
      ['comment', ' c d ;'],
      ['word', 'e'],
    ],
  );
});

test('lex: quotes hold blanks and braces, and count only at the start of a word', () => {
  assert.deepEqual(words(`"a {;} b" 'it "is"' x"y z"`), ['a {;} b', 'it "is"', 'x"y', 'z"']);
  assert.deepEqual(words(`"" ''`), ['', '']);
});

test('lex: escapes stand for quotes, backslash, tab, CR and LF; others stay as they are', () => {
  assert.deepEqual(words(String.raw`a\"b "a\"b" 'a\'b' a\\b a\tb a\rb a\nb a\.b a\$b`), [
    'a"b',
    'a"b',
    "a'b",
    'a\\b',
    'a\tb',
    'a\rb',
    'a\nb',
    'a\\.b',
    'a\\$b',
  ]);
  assert.deepEqual(words('a\\;b a\\ b a\\{b'), ['a\\;b', 'a\\ b', 'a\\{b']);
});

test('lex: the brace of ${name} belongs to the word', () => {
  assert.deepEqual(words('a${b}c ${{d ${e} {'), ['a${b}c', '${{d', '${e}', '{']);
  assert.deepEqual(words('a$b{'), ['a$b', '{']);
  assert.deepEqual(words('a$\\{b'), ['a$\\{b']);
});

test('lex: ")" may follow a closing quote, and starts a word', () => {
  assert.deepEqual(words('("a") "b")c'), ['("a")', 'b', ')c']);
  assert.deepEqual(read('"b")c').faults, []);
});

test('lex: other signs after a closing quote are a fault, and the rest is read', () => {
  const { tokens, faults, complete } = read('a "b"c;\nd "e"#f');
  assert.deepEqual(faults, [
    '1:6 unexpected "c" right after a closing quote',
    '2:6 unexpected "#" right after a closing quote',
  ]);
  assert.equal(complete, true);
  assert.deepEqual(
    tokens.map(({ text }) => text),
    ['a', 'b', 'c', ';', 'd', 'e', 'f'],
  );
});

test('lex: an unclosed quote is told where it opens, and ends the text', () => {
  const { tokens, faults, complete } = read('a;\n b "c;\nd;');
  assert.deepEqual(faults, ['2:4 the quote " is never closed']);
  assert.equal(complete, false);
  assert.equal(tokens.at(-1)?.text, 'b');
  assert.deepEqual(read(String.raw`a "b\"`).faults, ['1:3 the quote " is never closed']);
});

test('lex: places count lines from 1 and columns in bytes, after words of several lines too', () => {
  const sites = read('a "b\nc" d\n\te').tokens.map(({ line, column, length }) => [line, column, length]);
  assert.deepEqual(sites, [
    [1, 1, 1],
    [1, 3, 5],
    [2, 4, 1],
    [3, 2, 1],
  ]);
});

test('lex: CRLF files read like LF files', () => {
  assert.deepEqual(words('a b;\r\n# c\r\nd;\r\n'), ['a', 'b', ';', ' c', 'd', ';']);
});

test('lex: a byte order mark is a fault, and no part of the first word', () => {
  const { tokens, faults } = read('\xef\xbb\xbfuser a;');
  assert.deepEqual(faults, ['1:1 the file starts with a byte order mark']);
  assert.deepEqual([tokens[0]?.text, tokens[0]?.column], ['user', 4]);
});

test('lex: a word may be longer than the buffer in which nginx reads it', () => {
  assert.equal(words(`a ${'x'.repeat(100_000)};`)[1]?.length, 100_000);
});
