/** Every operator against its vectors, the arguments that it must refuse, and libmodsecurity. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readXml, type XmlElement } from '../../waf/body/xml-tree.ts';
import { type MatchScope, type OperatorContext, OperatorFault } from '../../waf/operator/operator.ts';
import { REFUSED } from '../../waf/operator/refused.ts';
import { OPERATORS } from '../../waf/operator/table.ts';
import { compilePattern } from '../../waf/regex/pattern.ts';
import { absence, ask } from './libmodsecurity.ts';

const FOLDER = new URL('./operator/', import.meta.url);

/** `[argument, value, does it match]`, the value as a one-byte string. */
type Vector = readonly [string, string, boolean];

const MACROS: Readonly<Record<string, string>> = { 'tx.word': 'word', 'tx.limit': '10' };

const SCOPE: MatchScope = {
  lookup: macro => MACROS[macro] ?? '',
  locate: address => address === '192.0.2.1',
  document: () => undefined,
  listed: name => (name === '1.2.0.192.bl.example.org' ? '127.0.0.2' : undefined),
};

/** The value itself, for operators that ask for the body. */
function documentOf(value: string): XmlElement | undefined {
  try {
    return readXml(value, { depth: 100, nodes: 1000 });
  } catch {
    return undefined;
  }
}

const FILES: Readonly<Record<string, string>> = {
  'networks.data': '# networks\n198.51.100.0/24\n2001:db8::/32 # documentation\n',
  'note.dtd': `<?xml version="1.0" encoding="UTF-8"?><!-- notes -->
    <!ENTITY % text "(#PCDATA | em | s:b)*"> <!ENTITY other "x">
    <!ELEMENT note (to+, (head | title)?, body, (ps, link*)*)> <!ATTLIST note id ID #REQUIRED lang (de|en) "de"
      version CDATA #FIXED "1" xmlns:s CDATA #IMPLIED>
    <!ELEMENT to (#PCDATA)> <!ELEMENT head (#PCDATA)><!ELEMENT title EMPTY> <!ELEMENT body %text;> <!ELEMENT em %text;>
    <!ELEMENT s:b (#PCDATA)> <!ELEMENT ps ANY> <!ELEMENT link EMPTY>
    <!ATTLIST link to IDREF #IMPLIED all IDREFS #IMPLIED id ID #IMPLIED w NMTOKENS #IMPLIED>`,
  'entities.dtd': '<!ENTITY % a "%b;%b;"><!ENTITY % b "%a;%a;"><!ELEMENT x (%a;)>',
  'elsewhere.dtd': '<!ENTITY % a SYSTEM "http://example.com/a.dtd"> %a; <!ELEMENT x ANY>',
  'note.xsd': `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="to.xsd"/><xs:element name="note">
    <xs:complexType><xs:sequence><xs:element name="to" type="To" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element></xs:schema>`,
  'to.xsd': `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:simpleType name="To"><xs:restriction base="xs:token">
    <xs:maxLength value="10"/></xs:restriction></xs:simpleType></xs:schema>`,
  'model.dtd': '<!ELEMENT x (a, b | c)>',
  'known.txt':
    'ssdeep,1.1--blocksize:hash:hash,filename\n# a page\n6:xHH+zofJ0tzzx+jUn8nOrlxOqWQoMTpAqgz7mNEwRNaUQKeFU6JLn:x+sfW8j4sclx3Wyplgn6EwCUSLn,"a, b.php"\n',
  'words.data': '# words\nsqlmap\n\nMozilla/Evil x\n  # indented\n',
  'wrong.data': '198.51.100.0/24\n198.51.100.0/99\n',
};

const CONTEXT: OperatorContext = {
  dataFile(name) {
    const text = FILES[name];
    if (text === undefined) throw new OperatorFault(`${name} is not there`);
    return text;
  },
  httpBlKey: undefined,
  compilePattern: source => compilePattern(source),
  template: text => ({
    constant: text.includes('%{') ? undefined : text,
    expand: scope => text.replace(/%\{([^}]*)\}/g, (_, macro: string) => scope.lookup(macro)),
  }),
};

const refusedNames = new Set(REFUSED.map(({ name }) => name));
const usable = [...OPERATORS.values()].filter(({ name }) => !refusedNames.has(name));
const vectorsOf = (name: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));

for (const operator of usable) {
  test(`@${operator.name}: its vectors`, () => {
    const vectors = vectorsOf(operator.name);
    assert.ok(vectors.length >= 3, 'at least three vectors');
    for (const [argument, value, expected] of vectors) {
      const matcher = operator.compile(argument, CONTEXT);
      assert.equal(
        matcher.match(value, { ...SCOPE, document: () => documentOf(value) }),
        expected,
        `@${operator.name} ${argument} of ${JSON.stringify(value)}`,
      );
      if (expected && matcher.words !== undefined) {
        const lower = value.toLowerCase();
        assert.ok(
          matcher.words.some(word => lower.includes(word.toLowerCase())),
          'a match holds one of the words',
        );
      }
    }
  });
}

test('every vector file belongs to an operator', () => {
  const files = readdirSync(FOLDER).map(file => file.replace('.json', ''));
  assert.deepEqual(files.sort(), usable.map(({ name }) => name).sort());
});

for (const operator of REFUSED) {
  test(`@${operator.name}: a rule with it is refused with a way out`, () => {
    assert.throws(
      () => operator.compile('x', CONTEXT),
      (fault: OperatorFault) => fault.hint !== undefined,
    );
  });
}

const WRONG: readonly (readonly [string, string])[] = [
  ['fuzzyHash', 'known.txt'],
  ['fuzzyHash', 'known.txt 0'],
  ['fuzzyHash', 'known.txt 101'],
  ['fuzzyHash', 'words.data 60'],
  ['fuzzyHash', 'absent.txt 60'],
  ['ipMatch', ''],
  ['ipMatch', '192.0.2.1,192.0.2'],
  ['ipMatch', '192.0.2.0/33'],
  ['ipMatchFromFile', 'wrong.data'],
  ['ipMatchFromFile', 'absent.data'],
  ['ipMatchFromFile', ''],
  ['pm', ''],
  ['pm', 'a|4'],
  ['pmFromFile', 'absent.data'],
  ['pmFromFile', ''],
  ['rbl', 'no zone'],
  ['rx', '(a'],
  ['validateByteRange', '9-'],
  ['validateByteRange', '0-256'],
  ['validateByteRange', '20-10'],
  ['validateDTD', ''],
  ['validateDTD', 'absent.dtd'],
  ['validateDTD', 'words.data'],
  ['validateDTD', 'entities.dtd'],
  ['validateDTD', 'elsewhere.dtd'],
  ['validateDTD', 'model.dtd'],
  ['validateSchema', ''],
  ['validateSchema', 'absent.xsd'],
  ['validateSchema', 'to.xsd'],
  ['validateSchema', 'note.dtd'],
  ['verifyCC', '['],
];

for (const [name, argument] of WRONG) {
  test(`@${name} ${argument}: refused, not weakened`, () => {
    assert.throws(() => OPERATORS.get(name.toLowerCase())!.compile(argument, CONTEXT));
  });
}

test('@rxGlobal: captures what each match holds', () => {
  const matcher = OPERATORS.get('rxglobal')!.compile('a(.)', CONTEXT);
  assert.deepEqual(matcher.captures!('a1 a2', SCOPE), ['a1', '1', 'a2', '2']);
});

test('@detectSQLi: captures the fingerprint', () => {
  const matcher = OPERATORS.get('detectsqli')!.compile('', CONTEXT);
  assert.deepEqual(matcher.captures!("1' OR '1'='1", SCOPE), ['s&sos']);
});

/** What libmodsecurity 3.0 does otherwise, and why we do not follow. */
const DEPARTURES: Readonly<Record<string, string>> = {
  rxGlobal: 'it is about captures, not about matching',
  verifySSN: 'it takes ascending areas for valid in some versions',
  ipMatchF: 'needs a file',
  ipMatchFromFile: 'needs a file',
  pmFromFile: 'needs a file',
  pmf: 'needs a file',
  fuzzyHash: 'needs a file',
  geoLookup: 'needs a database',
  validateDTD: 'needs a file',
  validateSchema: 'needs a file',
  rbl: 'needs a name server',
  unconditionalMatch: 'it takes no argument there',
};

/** Single vectors that it answers otherwise. */
const DEPARTING_VALUES = new Set([
  'xABCx', // it takes no bytes in hexadecimal
  '1 or 1.e(1)', // it does not know that MySQL reads over 1.e
  '\xf4\x90\x80\x80', // it takes code points above U+10FFFF for valid
]);

test('operators agree with libmodsecurity over their vectors', { skip: absence() }, () => {
  const questions = usable
    .filter(({ name }) => !(name in DEPARTURES))
    .flatMap(({ name }) => vectorsOf(name).map(vector => ({ name, vector })))
    .filter(({ vector: [argument, value] }) => !argument.includes('%{') && !DEPARTING_VALUES.has(value))
    // It refuses an empty argument where the operator wants one.
    .filter(({ name, vector: [argument] }) => argument !== '' || /^(?:detect|validate|noMatch)/.test(name));
  const answers = ask(
    questions.map(({ name, vector: [argument, value] }) => ({
      transforms: [],
      operator: `@${name} ${argument}`.trim(),
      value,
    })),
  );
  questions.forEach(({ name, vector: [argument, value, expected] }, at) => {
    assert.equal(answers[at]!.isMatch, expected, `@${name} ${argument} of ${JSON.stringify(value)}`);
  });
});
