/** What the claims of a provider say about a person, and which role that gives him here. */
import type { OidcModel } from '#model/api.ts';
import { ROLES, type Role } from '../token/token.ts';

export type Claims = Readonly<Record<string, unknown>>;

const MOST_NAME = 64;
const MOST_VALUES = 4096;

/** By its whole name, which may have dots (`https://example.org/groups`), or else by a path. */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Claims)[part];
  }
  return at;
}

/** A text, or those of a list; what is neither gives nobody a role. */
export function valuesOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim];
  if (!Array.isArray(claim)) return [];
  return claim.slice(0, MOST_VALUES).filter(one => typeof one === 'string');
}

/** What lists and logs can bear, of the claim that was chosen, or else of `sub`. */
export function nameOf(claims: Claims, name: string): string {
  const said = claimAt(claims, name);
  const isFit = typeof said === 'string' && said.length <= MOST_NAME && /^[\x21-\x7e]+$/.test(said);
  return isFit
    ? said
    : String(claims['sub'])
        .replace(/[^\x21-\x7e]/g, '?')
        .slice(0, MOST_NAME);
}

/** Of several the one that may most. @returns undefined: he is not to be let in */
export function roleOf(values: readonly string[], roles: OidcModel['roles']): Role | undefined {
  const given = new Set(roles.filter(({ value }) => values.includes(value)).map(({ role }) => role));
  return ROLES.findLast(role => given.has(role));
}
