/** Types of texts: what an attribute, or an element without elements in it, may hold. */
import type { XmlScope } from '../body/xml-tree.ts';

export type WhiteSpace = 'preserve' | 'replace' | 'collapse';

/** How values of a primitive type are measured and told apart; what is absent cannot be asked about them. */
export interface Family {
  length?(value: string): number;
  /** Below, at or above 0; undefined where neither is larger. */
  compare?(one: string, other: string): number | undefined;
  /** The same for all ways to write one value. */
  canonical(value: string): string;
  digits?(value: string): { readonly total: number; readonly fraction: number };
}

export interface SimpleType {
  readonly kind: 'simple';
  /** What it restricts; undefined for those that all others come from. */
  readonly base: SimpleType | undefined;
  readonly whiteSpace: WhiteSpace;
  readonly family: Family;
  /** Its words name something, or what is named elsewhere. */
  readonly identity: 'ID' | 'IDREF' | undefined;
  /** @param value after `normalized` */
  accepts(value: string, scope: XmlScope): boolean;
}

export function normalized({ whiteSpace }: Pick<SimpleType, 'whiteSpace'>, value: string): string {
  if (whiteSpace === 'preserve') return value;
  const spaced = value.replace(/[\t\r\n]/g, ' ');
  return whiteSpace === 'replace' ? spaced : wordsOf(spaced).join(' ');
}

export const wordsOf = (value: string): string[] => value.split(/[ \t\r\n]+/).filter(word => word !== '');

/** Characters of UTF-8 bytes. */
export function characters(value: string): number {
  let count = 0;
  for (let at = 0; at < value.length; at++) if ((value.charCodeAt(at) & 0xc0) !== 0x80) count++;
  return count;
}

export function listOf(item: SimpleType): SimpleType {
  const family: Family = {
    length: value => wordsOf(value).length,
    canonical: value =>
      wordsOf(value)
        .map(word => item.family.canonical(word))
        .join(' '),
  };
  return {
    kind: 'simple',
    base: undefined,
    whiteSpace: 'collapse',
    family,
    identity: item.identity,
    accepts: (value, scope) => wordsOf(value).every(word => item.accepts(word, scope)),
  };
}

/** The first member that takes a value says what it means; they normalize it by themselves. */
export function unionOf(members: readonly SimpleType[]): SimpleType {
  return {
    kind: 'simple',
    base: undefined,
    whiteSpace: 'preserve',
    family: { canonical: value => value },
    identity: undefined,
    accepts: (value, scope) => members.some(member => member.accepts(normalized(member, value), scope)),
  };
}
