/** XML schemas: beside xmllint (libxml2, which ModSecurity asks), and what is refused at load. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readXml } from '../../../waf/body/xml-tree.ts';
import { compilePattern } from '../../../waf/regex/pattern.ts';
import { SchemaFault } from '../../../waf/schema/names.ts';
import { readSchema } from '../../../waf/schema/reader.ts';
import { isSchemaValid } from '../../../waf/schema/validity.ts';
import { numbers } from '../numbers.ts';
import { SAMPLES, type Sample } from './schemas.ts';

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const schemaOf = ({ schema, files = {} }: Pick<Sample, 'schema' | 'files'>): ReturnType<typeof readSchema> =>
  readSchema('main.xsd', {
    dataFile(path) {
      const text = path === 'main.xsd' ? schema : files[path];
      if (text === undefined) throw new SchemaFault(`${path} is not there`);
      return bytes(text);
    },
    compilePattern,
  });

/** Documents with one or two pieces left out, doubled, moved, or with another text. */
function spoilt(
  document: string,
  words: readonly string[],
  pick: (below: number) => number,
  count: number,
): string[] {
  const pieces = document.match(/<[^>]*>|[^<]+/g)!;
  return Array.from({ length: count }, () => {
    const made = [...pieces];
    for (let change = 0; change <= pick(2); change++) {
      const at = pick(made.length);
      if (made.length === 0) break;
      const way = pick(4);
      if (way === 0) made.splice(at, 1);
      else if (way === 1) made.splice(at, 0, made[pick(made.length)]!);
      else if (way === 2)
        made[at] = made[at]!.replace(/"[^"]*"(?=[^"]*$)|^[^<]*$/, part =>
          part.startsWith('"') ? `"${words[pick(words.length)]}"` : words[pick(words.length)]!,
        );
      else made[at] = made[at]!.replace(/ [\w:]+="[^"]*"/, '');
    }
    return made.join('');
  });
}

const isWellFormed = (document: string): boolean => {
  try {
    readXml(bytes(document), { depth: 100, nodes: 1000 });
    return true;
  } catch {
    return false;
  }
};

/** What xmllint says of each document. */
function askPeer({ schema, files = {} }: Sample, documents: readonly string[]): boolean[] {
  const folder = mkdtempSync(join(tmpdir(), 'moat-xsd-'));
  try {
    for (const [name, text] of Object.entries({ 'main.xsd': schema, ...files })) {
      mkdirSync(join(folder, dirname(name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    for (const [at, text] of documents.entries()) writeFileSync(join(folder, `${at}.xml`), text);
    const names = documents.map((_, at) => `${at}.xml`);
    const { stderr } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', 'main.xsd', ...names], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    const said = new Map(
      [...stderr.matchAll(/^(\d+)\.xml (validates|fails to validate)$/gm)].map(([, at, what]) => [
        at,
        what === 'validates',
      ]),
    );
    assert.equal(said.size, documents.length, stderr.slice(0, 500));
    return names.map((_, at) => said.get(String(at))!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where libxml2 is not as the recommendation says: parts of a schema and of a document, and why. */
const DEPARTURES: readonly (readonly [schema: string, document: string, why: string])[] = [
  ['xs:byte', '> 7 <', 'white space around a number is none of it'],
  ['xs:unsignedByte', '> 7 <', 'as above'],
  ['xs:long', '> 7 <', 'as above'],
  ['xs:NMTOKENS', '><', 'a list of names has one at least'],
  ['xs:base64Binary', '>de-CH<', 'signs that Base64 has not'],
  ['xs:base64Binary', '>ä<', 'as above'],
  ['xs:IDREF', ' like="', 'it does not ask whether there is what an IDREF names'],
  ['xs:double', '>NaN<', 'no number is not above a bound'],
];
const isDeparture = (schema: string, document: string): boolean =>
  DEPARTURES.some(([type, part]) => schema.includes(type) && document.includes(part));

const skip = spawnSync('xmllint', ['--version']).status === 0 ? false : 'xmllint is not installed';

test('documents are valid where xmllint finds them valid', { skip }, () => {
  const pick = numbers(20261128);
  let valid = 0;
  let invalid = 0;
  for (const sample of SAMPLES) {
    const made = sample.documents.flatMap(one =>
      spoilt(one, sample.words, pick, sample.words.length > 12 ? 0 : 25),
    );
    const documents = [...new Set([...sample.documents, ...made])].filter(isWellFormed);
    const schema = schemaOf(sample);
    const theirs = askPeer(sample, documents);
    for (const [at, document] of documents.entries()) {
      const ours = isSchemaValid(readXml(bytes(document), { depth: 100, nodes: 1000 }), schema);
      if (!isDeparture(sample.schema, document))
        assert.equal(ours, theirs[at], `${document}\nof ${sample.schema}`);
      if (ours) valid++;
      else invalid++;
    }
  }
  assert.ok(valid > 200 && invalid > 300, `${valid} valid, ${invalid} not`);
});

const xs = (body: string): string =>
  `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">${body}</xs:schema>`;

const REFUSED: Readonly<Record<string, string>> = {
  'what is no schema': '<a/>',
  'what is no XML': '<a>',
  'a schema without elements': xs(''),
  'a type that is not there': xs('<xs:element name="a" type="b"/>'),
  'a type of itself': xs(
    '<xs:element name="a" type="b"/><xs:simpleType name="b"><xs:restriction base="b"/></xs:simpleType>',
  ),
  'a group of itself': xs(
    '<xs:element name="a"/><xs:group name="g"><xs:sequence><xs:group ref="g"/></xs:sequence></xs:group>',
  ),
  keys: xs(
    '<xs:element name="a"><xs:key name="k"><xs:selector xpath="b"/><xs:field xpath="@c"/></xs:key></xs:element>',
  ),
  'a file elsewhere': xs(
    '<xs:import namespace="urn:a" schemaLocation="http://example.com/a.xsd"/><xs:element name="a"/>',
  ),
  'a file that is not there': xs('<xs:include schemaLocation="b.xsd"/><xs:element name="a"/>'),
  redefine: xs('<xs:redefine schemaLocation="main.xsd"/><xs:element name="a"/>'),
  'more states than can be kept': xs(
    '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="b" maxOccurs="99999"/></xs:sequence></xs:complexType></xs:element>',
  ),
  'a pattern that is none': xs(
    '<xs:element name="a"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="(a"/></xs:restriction></xs:simpleType></xs:element>',
  ),
  'a property of characters': xs(
    '<xs:element name="a"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="\\p{IsGreek}"/></xs:restriction></xs:simpleType></xs:element>',
  ),
  'a facet that the type has not': xs(
    '<xs:element name="a"><xs:simpleType><xs:restriction base="xs:boolean"><xs:maxInclusive value="1"/></xs:restriction></xs:simpleType></xs:element>',
  ),
  'a facet that is none': xs(
    '<xs:element name="a"><xs:simpleType><xs:restriction base="xs:string"><xs:constructor value="1"/></xs:restriction></xs:simpleType></xs:element>',
  ),
  'a property that is none': xs(
    '<xs:element name="a"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="\\p{constructor}"/></xs:restriction></xs:simpleType></xs:element>',
  ),
  'a part that is none': xs('<xs:constructor name="a"/><xs:element name="a"/>'),
  'blocked substitution': xs('<xs:element name="a" block="#all"/>'),
  'an unknown part': xs('<xs:elment name="a"/>'),
};

for (const [what, schema] of Object.entries(REFUSED))
  test(`readSchema() refuses ${what}`, () => {
    assert.throws(() => schemaOf({ schema }), SchemaFault);
  });

test('a deep document and a long list are looked at without recursion and in bounds', () => {
  const schema = schemaOf({
    schema: xs(
      '<xs:element name="a"><xs:complexType><xs:sequence><xs:element ref="a" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>',
    ),
  });
  const limits = { depth: 100_000, nodes: 200_000 };
  assert.equal(
    isSchemaValid(readXml(`${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}`, limits), schema),
    true,
  );
  assert.equal(isSchemaValid(readXml(`<a>${'<a/>'.repeat(50_000)}</a>`, limits), schema), true);
  assert.equal(isSchemaValid(readXml(`<a>${'<a/>'.repeat(50_000)}<b/></a>`, limits), schema), false);
});
