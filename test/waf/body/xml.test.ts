/** XML bodies: what is read, what is refused, what paths find. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePath, selectPath, textOf } from '../../../waf/body/xml-path.ts';
import { XmlFault } from '../../../waf/body/xml-reader.ts';
import { readXml } from '../../../waf/body/xml-tree.ts';

const read = (text: string) => readXml(text, { depth: 50, nodes: 1000 });

const TEXTS: readonly [string, string][] = [
  ['<a>b</a>', 'b'],
  ['<?xml version="1.0"?>\n<!-- c --><a>b<!-- <x> -->c</a>\n', 'bc'],
  ['\xef\xbb\xbf<a/>', ''],
  ['<!DOCTYPE a SYSTEM "a.dtd"><a>b</a>', 'b'],
  ['<a><![CDATA[<b>&amp;]]></a>', '<b>&amp;'],
  ['<a>&lt;&#65;&#x42;&#xe9;</a>', '<AB\xc3\xa9'],
  ['<a>1<b>2<c>3</c></b>4</a>', '1234'],
  ['<a  x = "1"\ty=\'2\' />', ''],
];

test('readXml: text of documents', () => {
  for (const [text, expected] of TEXTS) assert.equal(textOf(read(text)), expected, text);
});

const FAULTY = [
  '',
  'text',
  '<a>',
  '</a>',
  '<a></b>',
  '<a/><b/>',
  '<a',
  '<a b>',
  '<a b=1/>',
  '<a b="1" b="2"/>',
  '<a b="1"c="2"/>',
  '<a b="<"/>',
  '<a>&x;</a>',
  '<a>&</a>',
  '<a>&#0;</a>',
  '<a>&#xd800;</a>',
  '<a><!-- </a>',
  '<a><![CDATA[ </a>',
  'x<a/>',
  '<a/>x',
  '<1/>',
  '<a><!DOCTYPE b></a>',
  '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
];

test('readXml: what is not well-formed, or declares entities, is a fault', () => {
  for (const text of FAULTY) assert.throws(() => read(text), XmlFault, text);
});

test('readXml: depth and nodes are bounded', () => {
  assert.throws(() => read('<a>'.repeat(51) + '</a>'.repeat(51)), /deeper/);
  assert.throws(() => read(`<a>${'<b/>'.repeat(1000)}</a>`), /more than 1000 nodes/);
  assert.throws(() => readXml('<a>'.repeat(500_000), { depth: 1e9, nodes: 1e9 }), /never closed/);
});

const DOCUMENT = '<s:E xmlns:s="urn:s"><s:B id="1">x<p q="2" r="3">y</p></s:B><p>z</p></s:E>';
const PATHS: readonly [string, string[]][] = [
  ['/*', ['xyz']],
  ['//@*', ['urn:s', '1', '2', '3']],
  ['//p', ['z', 'y']],
  ['//p/@q', ['2']],
  ['/E/B', ['xy']],
  ['/s:E/s:B', ['xy']],
  ['/s:E/s:p', []],
  ['//p/text()', ['z', 'y']],
  ['/E//text()', ['z', 'x', 'y']],
];

test('selectPath: steps, attributes, text, namespaces', () => {
  const root = read(DOCUMENT);
  for (const [path, expected] of PATHS)
    assert.deepEqual(
      selectPath(root, parsePath(path, new Map([['s', 'urn:s']]))).sort(),
      expected.sort(),
      path,
    );
});

test('selectPath: ten thousand levels need no stack', () => {
  const root = readXml(`${'<a>'.repeat(10_000)}x${'</a>'.repeat(10_000)}`, { depth: 20_000, nodes: 20_000 });
  assert.deepEqual(selectPath(root, parsePath('/*', new Map())), ['x']);
  assert.equal(selectPath(root, parsePath('//a', new Map())).length, 10_000);
});
