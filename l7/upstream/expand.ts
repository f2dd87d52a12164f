/** Members as configured to members with addresses. */
import { isIP } from 'node:net';
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import { type Endpoint, keyOf, type NameWish } from '../resolve/name-book.ts';
import { addressText } from './member.ts';
import { primariesFirst } from './pool-share.ts';

/** nginx's default of resolver_timeout. */
const RESOLVER_TIMEOUT_MS = 30_000;

/** What has to be looked up for a member; undefined when it has an address. */
function wishOf(member: MemberModel, pool: PoolModel): NameWish | undefined {
  if (member.unixPath !== undefined || isIP(member.host) !== 0) return undefined;
  const { resolver, resolverTimeoutMs } = pool;
  const looks = member.resolve && resolver !== undefined;
  return {
    host: member.host,
    service: member.service,
    resolver: looks ? { settings: resolver, timeoutMs: resolverTimeoutMs ?? RESOLVER_TIMEOUT_MS } : undefined,
  };
}

/** The names of a pool's members, by their keys. */
export function wishesOfPool(pool: PoolModel): Map<string, NameWish> {
  const wishes = pool.members.map(member => wishOf(member, pool)).filter(wish => wish !== undefined);
  return new Map(wishes.map(wish => [keyOf(wish), wish]));
}

/** The members of a pool, each as often as its name has addresses; one whose name stands for nothing is left out. Primaries first. */
export function expandMembers(
  pool: PoolModel,
  endpoints: (key: string) => readonly Endpoint[],
): MemberModel[] {
  const members = pool.members.flatMap(member => {
    const wish = wishOf(member, pool);
    if (!wish) return [member];
    // Several SRV records may lead to one address.
    const found = endpoints(keyOf(wish)).flatMap(endpoint => memberAt(member, endpoint));
    return [...new Map(found.map(one => [addressText(one), one])).values()];
  });
  return primariesFirst(members);
}

/** Of a backup's SRV records those of the best priority count, as in nginx. */
function memberAt(member: MemberModel, { host, port, weight, second = false }: Endpoint): MemberModel[] {
  if (member.backup && second) return [];
  return [
    {
      ...member,
      host,
      port: port ?? member.port,
      weight: weight ?? member.weight,
      backup: member.backup || second,
    },
  ];
}
