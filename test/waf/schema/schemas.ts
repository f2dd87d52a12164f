/** Schemas of the tests, each with documents that are as it says; others are made of them by chance. */

export interface Sample {
  readonly schema: string;
  /** Files that it includes or imports. */
  readonly files?: Readonly<Record<string, string>>;
  readonly documents: readonly string[];
  /** Texts to put into documents. */
  readonly words: readonly string[];
}

const xs = (body: string, more = ''): string =>
  `<?xml version="1.0"?><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" ${more}>${body}</xs:schema>`;
const OF_T = 'xmlns:t="urn:t" targetNamespace="urn:t" elementFormDefault="qualified"';
/** An element `v` of a restricted simple type. */
const elementOf = (type: string): string =>
  xs(`<xs:element name="v"><xs:simpleType>${type}</xs:simpleType></xs:element>`);
const restriction = (base: string, ...facets: readonly (readonly [string, string])[]): string =>
  `<xs:restriction base="xs:${base}">${facets.map(([name, value]) => `<xs:${name} value="${value}"/>`).join('')}</xs:restriction>`;
const values = (type: string, words: readonly string[]): Sample => ({
  schema: elementOf(type),
  documents: words.map(word => `<v>${word}</v>`),
  words,
});

const NUMBERS = [
  '0',
  '-0',
  '+1',
  '1.50',
  '01',
  '-1',
  '255',
  '256',
  '127',
  '-128',
  '-129',
  '1e3',
  ' 7 ',
  '.5',
  '5.',
  '.',
  '',
  'x',
];
const DATES = [
  '2026-11-28',
  '2026-11-28Z',
  '2024-02-29',
  '2023-02-29',
  '1900-02-29',
  '2026-13-01',
  '2026-11-28T10:00:00',
  '2026-11-28T24:00:00',
  '2026-11-28T23:59:59.999+02:00',
  '2026-11-28T10:00:00+14:01',
  '10:00:00',
  '25:00:00',
  '2026-11',
  '2026',
  '--11-28',
  '--02-30',
  '---31',
  '--12',
  'P1Y2M3DT4H5M6.7S',
  'P',
  'PT',
  '-P1D',
  'P1DT',
  '',
];
const BUILTIN = [
  ...[
    'decimal',
    'integer',
    'byte',
    'unsignedByte',
    'positiveInteger',
    'nonPositiveInteger',
    'long',
    'double',
  ].map(type => values(restriction(type), NUMBERS)),
  ...['date', 'dateTime', 'time', 'gYearMonth', 'gYear', 'gMonthDay', 'gDay', 'gMonth', 'duration'].map(
    type => values(restriction(type), DATES),
  ),
  ...[
    'boolean',
    'token',
    'language',
    'Name',
    'NCName',
    'NMTOKEN',
    'NMTOKENS',
    'hexBinary',
    'base64Binary',
  ].map(type =>
    values(restriction(type), [
      'true',
      '1',
      'a b',
      'a:b',
      '-a',
      'de-CH',
      'a1',
      'Zm9v',
      'Zg==',
      'Zm 9v',
      'abc',
      '0aFF',
      '',
      'ä',
      'TRUE',
    ]),
  ),
];

const FACETS: readonly Sample[] = [
  values(restriction('string', ['minLength', '2'], ['maxLength', '3']), [
    'a',
    'ab',
    'abc',
    'abcd',
    'äö',
    'äöüß',
    '',
  ]),
  values(restriction('decimal', ['minExclusive', '1.5'], ['maxInclusive', '10']), [
    '1.5',
    '1.50',
    '1.51',
    '10.0',
    '10.01',
    '-3',
    '007',
  ]),
  values(restriction('decimal', ['totalDigits', '4'], ['fractionDigits', '2']), [
    '12.34',
    '123.45',
    '0012.30',
    '1.234',
    '12345',
    '0',
  ]),
  values(restriction('double', ['minInclusive', '-1']), ['INF', '-INF', 'NaN', '-1', '1E2', '-1.1']),
  values(restriction('date', ['minInclusive', '2026-01-01'], ['maxExclusive', '2027-01-01']), [
    '2025-12-31',
    '2026-01-01',
    '2026-12-31',
    '2027-01-01',
  ]),
  values(restriction('token', ['enumeration', 'red'], ['enumeration', 'dark  blue']), [
    'red',
    ' red ',
    'dark blue',
    'dark\nblue',
    'green',
    'Red',
  ]),
  values(restriction('integer', ['enumeration', '1'], ['enumeration', '10']), ['1', '+1', '01', '10', '2']),
  values(restriction('hexBinary', ['length', '2']), ['0aff', '0A', '']),
  values(restriction('string', ['pattern', '[A-Z]{2}\\d{3}|x.*']), [
    'AB123',
    'AB12',
    'x',
    'xyz',
    'x\ny',
    'ab123',
    ' AB123',
  ]),
  values(restriction('string', ['pattern', '[a-z-[aeiou]]+']), ['bcd', 'bad', 'xyz', '', 'B']),
  values(restriction('string', ['pattern', '\\i\\c*']), ['a', 'a-b.c', '1a', '_x:y', 'é', '']),
  values(restriction('string', ['pattern', '[à-ÿ]+']), ['à', 'éà', 'a', 'Ā', '']),
  values(restriction('string', ['pattern', '[^,]{1,3}']), ['a', 'ab,', 'äöü', 'äöüß', ',', '€€']),
  values(restriction('string', ['pattern', '$a^'], ['pattern', 'b\\.c\\[']), ['$a^', 'a', 'b.c[', 'bxc[']),
  values(restriction('normalizedString', ['pattern', 'a b']), ['a b', 'a\tb', 'a  b', ' a b']),
  values('<xs:list itemType="xs:int"/>', ['1 2 3', '', '1', '1 x', ' 1  2 ']),
  values(
    '<xs:restriction><xs:simpleType><xs:list itemType="xs:int"/></xs:simpleType><xs:maxLength value="2"/></xs:restriction>',
    ['1', '1 2', '1 2 3', 'a'],
  ),
  values('<xs:union memberTypes="xs:int xs:boolean"/>', ['1', 'true', 'maybe', ' 7 ']),
  values(restriction('string', ['whiteSpace', 'collapse'], ['maxLength', '3']), [
    '  a b  ',
    'a  b',
    'abcd',
    '    ',
  ]),
];

const ORDER: Sample = {
  schema: xs(
    `<xs:element name="order" type="t:Order"/>
     <xs:complexType name="Order"><xs:sequence>
       <xs:element name="who" type="xs:string"/><xs:element name="item" type="t:Item" minOccurs="1" maxOccurs="3"/>
       <xs:choice minOccurs="0"><xs:element name="card" type="t:Card"/><xs:element ref="t:cash"/></xs:choice>
       <xs:element name="note" type="xs:string" minOccurs="0" maxOccurs="unbounded" nillable="true"/>
     </xs:sequence><xs:attribute name="id" type="xs:ID" use="required"/><xs:attribute name="like" type="xs:IDREF"/>
       <xs:attribute name="kind" default="new"><xs:simpleType>${restriction('string', ['enumeration', 'new'], ['enumeration', 'old'])}</xs:simpleType></xs:attribute>
     </xs:complexType>
     <xs:complexType name="Item"><xs:simpleContent><xs:extension base="xs:positiveInteger"><xs:attribute name="sku" use="required" type="xs:NMTOKEN"/></xs:extension></xs:simpleContent></xs:complexType>
     <xs:simpleType name="Card">${restriction('string', ['pattern', '\\d{4}( \\d{4}){3}'])}</xs:simpleType>
     <xs:element name="cash" type="xs:boolean" fixed="true"/>`,
    OF_T,
  ),
  documents: [
    '<order xmlns="urn:t" id="a"><who>Ann</who><item sku="x1">2</item></order>',
    '<t:order xmlns:t="urn:t" id="a" kind="old" like="a"> <t:who/> <t:item sku="x1">2</t:item><t:item sku="x2">3</t:item><t:card>1111 2222 3333 4444</t:card><t:note>n</t:note><t:note>m</t:note></t:order>',
    '<order xmlns="urn:t" id="a"><who>Ann</who><item sku="x1">2</item><cash>true</cash><note xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></order>',
  ],
  words: ['0', '-1', 'a', '', 'true', '1111 2222 3333 4444', 'new', 'x'],
};

const DERIVED: Sample = {
  schema: xs(
    `<xs:element name="list"><xs:complexType><xs:sequence><xs:element ref="t:shape" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
     <xs:element name="shape" type="t:Shape" abstract="true"/>
     <xs:element name="disc" type="t:Disc" substitutionGroup="t:shape"/><xs:element name="any" substitutionGroup="t:shape" type="t:Plain"/>
     <xs:element name="ring" substitutionGroup="t:disc" type="t:Disc"/>
     <xs:complexType name="Shape" abstract="true"><xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence><xs:attribute name="c" type="xs:int"/></xs:complexType>
     <xs:complexType name="Plain"><xs:complexContent><xs:extension base="t:Shape"/></xs:complexContent></xs:complexType>
     <xs:complexType name="Disc"><xs:complexContent><xs:extension base="t:Plain"><xs:sequence><xs:element name="r" type="xs:decimal"/></xs:sequence><xs:attributeGroup ref="t:more"/></xs:extension></xs:complexContent></xs:complexType>
     <xs:complexType name="Bare"><xs:complexContent><xs:restriction base="t:Plain"><xs:sequence><xs:element name="name" type="xs:token"/></xs:sequence><xs:attribute name="c" use="prohibited"/></xs:restriction></xs:complexContent></xs:complexType>
     <xs:attributeGroup name="more"><xs:attribute name="d" type="xs:date"/><xs:anyAttribute namespace="##other" processContents="lax"/></xs:attributeGroup>`,
    OF_T,
  ),
  documents: [
    '<list xmlns="urn:t"><disc c="1" d="2026-01-01"><name>a</name><r>1.5</r></disc><any><name/></any><ring><name/><r>0</r></ring></list>',
    '<list xmlns="urn:t" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><any i:type="Disc"><name>b</name><r>2</r></any><any i:type="Bare"><name>b</name></any></list>',
    '<list xmlns="urn:t" xmlns:o="urn:o"><disc o:x="y"><name>b</name><r>2</r></disc><shape><name/></shape></list>',
  ],
  words: ['Disc', 'Plain', 'Shape', 'Bare', '1', '', '2026-01-01'],
};

const MIXED: Sample = {
  schema: xs(
    `<xs:element name="text"><xs:complexType mixed="true"><xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element ref="em"/><xs:group ref="parts"/></xs:choice><xs:attribute ref="xml:lang"/></xs:complexType></xs:element>
     <xs:element name="em" type="xs:string"/><xs:element name="nothing"><xs:complexType/></xs:element><xs:element name="open"/>
     <xs:group name="parts"><xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int" minOccurs="0"/></xs:sequence></xs:group>
     <xs:element name="all"><xs:complexType><xs:all><xs:element name="x" type="xs:int"/><xs:element name="y" type="xs:int" minOccurs="0"/><xs:element name="z" type="xs:int"/></xs:all></xs:complexType></xs:element>
     <xs:element name="soap"><xs:complexType><xs:sequence><xs:element ref="em" minOccurs="0"/><xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element>
     <xs:element name="strict"><xs:complexType><xs:sequence><xs:any maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
     <xs:element name="skip"><xs:complexType><xs:sequence><xs:any processContents="skip" namespace="##local urn:t" maxOccurs="3"/></xs:sequence></xs:complexType></xs:element>`,
    '',
  ).replace(
    '<xs:element name="text">',
    '<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="xml.xsd"/><xs:element name="text">',
  ),
  files: {
    'xml.xsd': xs(
      '<xs:attribute name="lang"><xs:simpleType><xs:union memberTypes="xs:language"><xs:simpleType><xs:restriction base="xs:token"><xs:enumeration value=""/></xs:restriction></xs:simpleType></xs:union></xs:simpleType></xs:attribute>',
      'targetNamespace="http://www.w3.org/XML/1998/namespace"',
    ),
  },
  documents: [
    '<text xml:lang="de">one <em>two</em> three <a>1</a><b>2</b><a>3</a></text>',
    '<nothing/>',
    '<nothing> </nothing>',
    '<open a="b"><c/><em>d</em></open>',
    '<all><z>1</z><x>2</x></all>',
    '<all><y>3</y><x>2</x><z>1</z></all>',
    '<soap><em/><o:p xmlns:o="urn:o"><em><em/></em></o:p></soap>',
    '<strict><em/><nothing/></strict>',
    '<skip><em><em/></em><q/></skip>',
  ],
  words: ['1', 'x', '', ' '],
};

const SPREAD: Sample = {
  schema: xs(
    '<xs:include schemaLocation="more/types.xsd"/><xs:import namespace="urn:o" schemaLocation="other.xsd"/><xs:element name="root"><xs:complexType><xs:sequence><xs:element name="c" type="t:Code"/><xs:element ref="o:thing"/></xs:sequence><xs:attribute ref="o:mark"/></xs:complexType></xs:element>',
    `${OF_T} xmlns:o="urn:o"`,
  ),
  files: {
    'more/types.xsd': xs(
      `<xs:include schemaLocation="base.xsd"/><xs:simpleType name="Code"><xs:restriction base="Base"><xs:maxLength value="3"/></xs:restriction></xs:simpleType>`,
    ),
    'more/base.xsd': xs(
      `<xs:simpleType name="Base">${restriction('string', ['pattern', '[a-c]*'])}</xs:simpleType>`,
    ),
    'other.xsd': xs(
      '<xs:element name="thing" type="xs:int"/><xs:attribute name="mark" type="xs:boolean"/>',
      'targetNamespace="urn:o"',
    ),
  },
  documents: [
    '<root xmlns="urn:t" xmlns:o="urn:o" o:mark="true"><c>abc</c><o:thing>5</o:thing></root>',
    '<root xmlns="urn:t"><c/><thing xmlns="urn:o">5</thing></root>',
  ],
  words: ['abcd', 'abc', 'x', '7', 'true'],
};

const COUNTED: Sample = {
  schema: xs(
    '<xs:element name="c"><xs:complexType><xs:sequence maxOccurs="2"><xs:sequence minOccurs="0" maxOccurs="unbounded"><xs:element name="a" minOccurs="2" maxOccurs="4"/><xs:element name="b" minOccurs="0"/></xs:sequence><xs:choice minOccurs="2" maxOccurs="2"><xs:element name="d"/><xs:element name="e"/></xs:choice></xs:sequence></xs:complexType></xs:element>',
  ),
  documents: [
    '<c><d/><e/></c>',
    '<c><a/><a/><b/><a/><a/><a/><d/><d/></c>',
    '<c><a/><a/><d/><e/><a/><a/><a/><a/><b/><e/><d/></c>',
    '<c><d/><e/><d/><e/></c>',
  ],
  words: [''],
};

export const SAMPLES: readonly Sample[] = [...BUILTIN, ...FACETS, ORDER, DERIVED, MIXED, SPREAD, COUNTED];
