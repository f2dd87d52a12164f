/** Types that restrict others by facets (XML Schema, part 2, section 4.3). */
import { SchemaFault } from './names.ts';
import { bytePattern } from './pattern.ts';
import { type Family, normalized, type SimpleType, type WhiteSpace } from './simple-type.ts';

export interface Facet {
  readonly name: string;
  readonly value: string;
}

/** @param compilePattern as operators have it @throws {SchemaFault} for a facet that the type cannot have */
export function restricted(
  base: SimpleType,
  facets: readonly Facet[],
  compilePattern: (source: string) => { test(value: string): boolean },
): SimpleType {
  const whiteSpace = whiteSpaceOf(base, facets);
  const tests = facets
    .filter(({ name }) => !['whiteSpace', 'pattern', 'enumeration'].includes(name))
    .map(facet => testOf(facet, base));
  const patterns = valuesOf(facets, 'pattern').map(source => compilePattern(bytePattern(source)));
  const isListed = listed(base, valuesOf(facets, 'enumeration'));
  return {
    kind: 'simple',
    base,
    whiteSpace,
    family: base.family,
    identity: base.identity,
    accepts: (value, scope) =>
      base.accepts(value, scope) &&
      tests.every(test => test(value)) &&
      (patterns.length === 0 || patterns.some(pattern => pattern.test(value))) &&
      isListed(value),
  };
}

const valuesOf = (facets: readonly Facet[], name: string): string[] =>
  facets.filter(facet => facet.name === name).map(({ value }) => value);

function whiteSpaceOf(base: SimpleType, facets: readonly Facet[]): WhiteSpace {
  const [said = base.whiteSpace] = valuesOf(facets, 'whiteSpace');
  if (said !== 'preserve' && said !== 'replace' && said !== 'collapse')
    throw new SchemaFault(`whiteSpace is ${JSON.stringify(said)}`);
  return said;
}

function listed(base: SimpleType, values: readonly string[]): (value: string) => boolean {
  if (values.length === 0) return () => true;
  const { canonical } = base.family;
  const scope = new Map<string, string>();
  const known = new Set(
    values.map(value => {
      const text = normalized(base, value);
      if (!base.accepts(text, scope))
        throw new SchemaFault(`${JSON.stringify(value)} of an enumeration is no value of its type`);
      return canonical(text);
    }),
  );
  return value => known.has(canonical(value));
}

type Test = (value: string) => boolean;

function testOf({ name, value: limit }: Facet, base: SimpleType): Test {
  const { family } = base;
  if (Object.hasOwn(LENGTHS, name)) {
    const measure = family.length;
    if (!measure) throw new SchemaFault(`its type has no ${name}`);
    const count = countOf(name, limit);
    return value => LENGTHS[name]!(measure(value), count);
  }
  if (Object.hasOwn(DIGITS, name)) {
    const count = countOf(name, limit);
    const { digits } = family;
    if (!digits) throw new SchemaFault(`its type has no ${name}`);
    return value => digits(value)[DIGITS[name]!] <= count;
  }
  if (Object.hasOwn(BOUNDS, name)) return boundOf(name, limit, base);
  throw new SchemaFault(`there is no facet ${name}`);
}

const LENGTHS: Readonly<Record<string, (length: number, count: number) => boolean>> = {
  length: (length, count) => length === count,
  minLength: (length, count) => length >= count,
  maxLength: (length, count) => length <= count,
};
const DIGITS: Readonly<Record<string, keyof ReturnType<NonNullable<Family['digits']>>>> = {
  totalDigits: 'total',
  fractionDigits: 'fraction',
};
const BOUNDS: Readonly<Record<string, (order: number) => boolean>> = {
  minInclusive: order => order >= 0,
  minExclusive: order => order > 0,
  maxInclusive: order => order <= 0,
  maxExclusive: order => order < 0,
};

function boundOf(name: string, limit: string, base: SimpleType): Test {
  const { compare } = base.family;
  const isWithin = BOUNDS[name]!;
  const end = normalized(base, limit);
  if (!compare) throw new SchemaFault(`${name} of its type is not understood`);
  if (!base.accepts(end, new Map())) throw new SchemaFault(`${name} is ${JSON.stringify(limit)}`);
  return value => {
    const order = compare(value, end);
    return order !== undefined && isWithin(order);
  };
}

function countOf(name: string, text: string): number {
  if (!/^\s*\d{1,9}\s*$/.test(text)) throw new SchemaFault(`${name} is ${JSON.stringify(text)}`);
  return Number(text);
}
