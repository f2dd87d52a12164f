/** `charset`: what is said of the charset of answers, and how they are brought into it. */
import type { Template } from '#model/template.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { type Body, type Directive, defineBlock, defineDirective } from '../registry.ts';
import { onlyValue, readRows } from '../row.ts';
import type { Scope } from '../scope.ts';
import { BLOCKS_AND_IF } from './core-field.ts';
import { defineMediaTypes } from './media-types.ts';
import { defineSetting } from './setting.ts';

const charset = defineDirective({
  name: 'charset',
  context: BLOCKS_AND_IF,
  args: { name: arg.token('a charset, $name or off') },
  doc: {
    summary:
      'Says in Content-Type which charset answers have; with `source_charset` they are brought into it.',
    default: 'charset off;',
    example: 'charset utf-8;',
    since: '0.1',
  },
  compile({ name }, scope) {
    scope.set('charset', { to: name.text === 'off' ? undefined : nameOf(name, scope) });
  },
});

const sourceCharset = defineDirective({
  name: 'source_charset',
  context: BLOCKS_AND_IF,
  args: { name: arg.token('a charset or $name') },
  doc: {
    summary:
      'The charset in which contents are written. What a server says of its own answer comes before it.',
    example: 'source_charset koi8-r;',
    since: '0.1',
  },
  compile({ name }, scope) {
    scope.set('charset', { from: nameOf(name, scope) });
  },
});

/** One variable, or a name, spelled as where it stands first; names are remembered, for servers may ask for them too. */
function nameOf(token: Token, scope: Scope): Template {
  if (token.text.startsWith('$')) return scope.template(token.text, token);
  return remember(token.text, scope);
}

function remember(name: string, scope: Scope): string {
  const { names } = scope.http.charsets;
  const key = name.toLowerCase();
  const spelled = names.get(key) ?? name;
  names.set(key, spelled);
  return spelled;
}

const charsetMap = defineBlock({
  name: 'charset_map',
  context: ['http'],
  args: { from: arg.text('a charset of one byte a character'), to: arg.text('a charset') },
  block: 'rows',
  repeats: true,
  doc: {
    summary:
      'How one charset is made of another, both ways: a row is a byte and the byte of the other charset, or the bytes of a character in UTF-8, in hexadecimal. Bytes above 7F that have no row become `?`.',
    differs:
      'What is no UTF-8 becomes one `?` for each part that is none; nginx takes bytes that follow it along, and drops what is cut at the end.',
    example: 'charset_map koi8-r utf-8 { C0 D18E; C1 D0B0; }',
    since: '0.1',
  },
  compile({ from, to }, scope, body) {
    const { maps } = scope.http.charsets;
    const pair = { from: from.toLowerCase(), to: to.toLowerCase() };
    if (pair.from === pair.to) throw new ArgumentFault(`"${from}" is mapped to itself`);
    if (pair.from === UTF8) throw new ArgumentFault('utf-8 stands second', `write charset_map ${to} utf-8`);
    const taken = maps.some(
      known =>
        (known.from === pair.from && known.to === pair.to) ||
        (known.from === pair.to && known.to === pair.from),
    );
    if (taken) throw new ArgumentFault(`a second map between "${from}" and "${to}"`, 'it serves both ways');
    for (const name of [from, to]) remember(name, scope);
    maps.push({ ...pair, rows: rowsOf(body, scope, pair.to === UTF8) });
  },
});

const UTF8 = 'utf-8';

function rowsOf(body: Body, scope: Scope, utf8: boolean): [byte: number, bytes: string][] {
  const rows: [number, string][] = [];
  readRows(body, scope, 'charset_map', row => {
    const byte = hexBytes(row.key);
    if (byte.length !== 1) throw notOne(row.key);
    const value = onlyValue(row);
    const bytes = hexBytes(value);
    if (utf8 ? !isCharacter(bytes) : bytes.length !== 1) throw notOne(value);
    rows.push([byte.charCodeAt(0), bytes]);
  });
  return rows;
}

/** A single digit is a byte too. */
function hexBytes(token: Token): string {
  const { text } = token;
  if (!/^(?:[0-9A-Fa-f]|(?:[0-9A-Fa-f]{2})+)$/.test(text)) throw notOne(token);
  return Buffer.from(text.padStart(2, '0'), 'hex').toString('latin1');
}

/** One character of those that need at most three bytes. */
function isCharacter(bytes: string): boolean {
  const text = Buffer.from(bytes, 'latin1').toString();
  return text.length === 1 && Buffer.from(text).toString('latin1') === bytes;
}

const notOne = (token: Token) =>
  new ArgumentFault(`"${token.text}" is not the hexadecimal form of one character`, undefined, token);

export const CHARSET: readonly Directive[] = [
  charset,
  sourceCharset,
  charsetMap,
  defineMediaTypes(
    'charset_types',
    'charset',
    'The media types of answers that get a charset.',
    'text/plain text/css',
    'text/html text/xml text/plain text/vnd.wap.wml application/javascript application/rss+xml',
  ),
  defineSetting('override_charset', BLOCKS_AND_IF, 'charset', 'override', arg.flag(), {
    summary: 'Whether the charset that a server gave its answer is replaced.',
    default: 'override_charset off;',
    example: 'override_charset on;',
  }),
];
