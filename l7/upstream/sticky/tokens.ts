/** The values of sticky cookies: signatures over members, which tell nothing and cannot be made up. */
import { createHmac } from 'node:crypto';
import type { Roster } from '../roster.ts';

/** Of the signature: no one guesses 128 bits. */
const TOKEN_BYTES = 16;

/**
 * A member's signature under a secret. It covers the `route=` of the member where it has one of its own, so that moats
 * which reach the same server at different addresses agree on it; else its name and address.
 */
function tokenOf(secret: string, poolName: string, identity: string): string {
  const mac = createHmac('sha256', secret).update(`${poolName}\0${identity}`, 'latin1').digest();
  return mac.toString('base64url', 0, TOKEN_BYTES);
}

/** What members of a roster are known by, in its order. */
function identitiesOf({ members }: Roster): string[] {
  const routes = members.map(member => member.model.route);
  return members.map(({ model, address }) => {
    const own = model.route !== undefined && routes.indexOf(model.route) === routes.lastIndexOf(model.route);
    return own ? `route ${model.route}` : `server ${model.name} ${address} ${model.route ?? ''}`;
  });
}

export interface Tokens {
  /** By member: what it is signed with now. */
  readonly issued: readonly string[];
  /** By token, older secrets' too: the members. */
  readonly accepted: ReadonlyMap<string, readonly number[]>;
}

/** O(members × secrets), some microseconds each. */
export function tokensOf(secrets: readonly string[], poolName: string, roster: Roster): Tokens {
  const identities = identitiesOf(roster);
  const accepted = new Map<string, readonly number[]>();
  const issued: string[] = [];
  secrets.forEach((secret, at) => {
    identities.forEach((identity, index) => {
      const token = tokenOf(secret, poolName, identity);
      accepted.set(token, [...(accepted.get(token) ?? []), index]);
      if (at === 0) issued.push(token);
    });
  });
  return { issued, accepted };
}
