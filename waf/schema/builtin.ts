/** The types that every schema has (XML Schema, part 2, section 3). */
import { canonicalDecimal, compareDecimals, decimalDigits } from './decimal.ts';
import { NCNAME, nameOf, resolved, XSD } from './names.ts';
import { characters, type Family, listOf, type SimpleType, type WhiteSpace } from './simple-type.ts';
import { compareTimes, TIMES } from './time.ts';

const TEXT: Family = { length: characters, canonical: value => value };
const DECIMAL: Family = {
  compare: compareDecimals,
  canonical: canonicalDecimal,
  digits: decimalDigits,
};
const floatOf = (value: string): number => Number(value.replace('INF', 'Infinity'));
const FLOAT: Family = {
  compare: (one, other) => {
    const [a, b] = [floatOf(one), floatOf(other)];
    return a === b ? 0 : a < b ? -1 : a > b ? 1 : undefined;
  },
  canonical: value => String(floatOf(value) + 0),
};
const SINCE: Family = { compare: compareTimes, canonical: value => value };
const PLAIN: Family = { canonical: value => value };
const HEX: Family = {
  length: value => value.length / 2,
  canonical: value => value.toUpperCase(),
};
const withoutSpaces = (value: string): string => value.replaceAll(' ', '');
const BASE64: Family = {
  length: value => Math.floor((withoutSpaces(value).replace(/=+$/, '').length * 3) / 4),
  canonical: withoutSpaces,
};

const FLOATING = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN)$/;
const BASE64_TEXT = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const TYPES = new Map<string, SimpleType>();

function add(
  name: string,
  family: Family,
  test: SimpleType['accepts'],
  { base, whiteSpace = 'collapse' }: { base?: string; whiteSpace?: WhiteSpace } = {},
): void {
  const from = TYPES.get(nameOf(XSD, base ?? 'anySimpleType'));
  TYPES.set(nameOf(XSD, name), {
    kind: 'simple',
    base: from,
    whiteSpace,
    family,
    identity: name === 'ID' || name === 'IDREF' ? name : from?.identity,
    accepts: (value, scope) => (from?.accepts(value, scope) ?? true) && test(value, scope),
  });
}

const by =
  (pattern: RegExp): SimpleType['accepts'] =>
  value =>
    pattern.test(value);
const any = (): boolean => true;

add('anySimpleType', PLAIN, any, { whiteSpace: 'preserve' });
add('string', TEXT, any, { whiteSpace: 'preserve' });
add('normalizedString', TEXT, any, { base: 'string', whiteSpace: 'replace' });
add('token', TEXT, any, { base: 'normalizedString' });
add('language', TEXT, by(/^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/), { base: 'token' });
add('Name', TEXT, by(/^[A-Za-z_:\x80-\xff][\w:.\-\x80-\xff]*$/), { base: 'token' });
add('NCName', TEXT, by(NCNAME), { base: 'Name' });
add('ID', TEXT, any, { base: 'NCName' });
add('IDREF', TEXT, any, { base: 'NCName' });
add('NMTOKEN', TEXT, by(/^[\w:.\-\x80-\xff]+$/), { base: 'token' });
add(
  'boolean',
  { ...PLAIN, canonical: value => String(value === 'true' || value === '1') },
  by(/^(?:true|false|[01])$/),
);
add('decimal', DECIMAL, by(/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/));
add('integer', DECIMAL, by(/^[+-]?\d+$/), { base: 'decimal' });
add('float', FLOAT, by(FLOATING));
add('double', FLOAT, by(FLOATING));
for (const [name, test] of Object.entries(TIMES))
  add(name, name === 'date' || name === 'dateTime' ? SINCE : PLAIN, test);
add('hexBinary', HEX, by(/^(?:[0-9A-Fa-f]{2})*$/));
add('base64Binary', BASE64, value => BASE64_TEXT.test(withoutSpaces(value)));
add('anyURI', TEXT, value => !/%(?![0-9A-Fa-f]{2})|#.*#/.test(value));
add('QName', PLAIN, (value, scope) => {
  const parts = value.split(':');
  return parts.length <= 2 && parts.every(part => NCNAME.test(part)) && resolved(value, scope) !== undefined;
});

/** Name, what it restricts, the least and the largest. */
const INTEGERS: readonly (readonly [name: string, base: string, least: string | undefined, most?: string])[] =
  [
    ['nonPositiveInteger', 'integer', undefined, '0'],
    ['negativeInteger', 'nonPositiveInteger', undefined, '-1'],
    ['long', 'integer', '-9223372036854775808', '9223372036854775807'],
    ['int', 'long', '-2147483648', '2147483647'],
    ['short', 'int', '-32768', '32767'],
    ['byte', 'short', '-128', '127'],
    ['nonNegativeInteger', 'integer', '0'],
    ['unsignedLong', 'nonNegativeInteger', '0', '18446744073709551615'],
    ['unsignedInt', 'unsignedLong', '0', '4294967295'],
    ['unsignedShort', 'unsignedInt', '0', '65535'],
    ['unsignedByte', 'unsignedShort', '0', '255'],
    ['positiveInteger', 'nonNegativeInteger', '1'],
  ];
for (const [name, base, least, most] of INTEGERS)
  add(
    name,
    DECIMAL,
    value =>
      (!name.startsWith('unsigned') || /^\d+$/.test(value)) &&
      (least === undefined || compareDecimals(value, least) >= 0) &&
      (most === undefined || compareDecimals(value, most) <= 0),
    { base },
  );

for (const [name, item] of [
  ['IDREFS', 'IDREF'],
  ['NMTOKENS', 'NMTOKEN'],
] as const) {
  const list = listOf(TYPES.get(nameOf(XSD, item))!);
  TYPES.set(nameOf(XSD, name), {
    ...list,
    accepts: (value, scope) => value !== '' && list.accepts(value, scope),
  });
}

/** By `{uri}name`; without ENTITY, ENTITIES and NOTATION, which no document can have that declares none. */
export const BUILTIN_TYPES: ReadonlyMap<string, SimpleType> = TYPES;
export const ANY_SIMPLE: SimpleType = TYPES.get(nameOf(XSD, 'anySimpleType'))!;
