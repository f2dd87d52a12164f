/** Whom a source names, and what may become a member. Pure. */
import { BlockList, isIP } from 'node:net';
import type { DiscoveryModel } from '#model/l7/discovery.ts';
import type { MemberModel } from '#model/l7/upstream.ts';
import { addressText } from '../upstream/member.ts';
import { fieldsOf, Refusal, textOf, wholeOf } from './answer.ts';

/** Plain data, as it is kept on the disk, too. What is undefined is as the line of the source has it. */
export interface Found {
  /** An address, never a name; '' beside a path. */
  readonly host: string;
  /** 0 beside a path. */
  readonly port: number;
  readonly unixPath?: string | undefined;
  readonly weight?: number | undefined;
  /** Takes no new sessions: it is about to go. */
  readonly drain?: boolean | undefined;
  readonly down?: boolean | undefined;
}

export const MOST_WEIGHT = 65_535;
export const MOST_PORT = 65_535;
/** Longer than any IPv6 address. */
const MOST_HOST = 64;

/** This host, one link, nobody, or many at once: an answer that names such leads somewhere else than its author is. */
const LOCAL = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const)
  LOCAL.addSubnet(network, bits, 'ipv4');
LOCAL.addAddress('::', 'ipv6');
LOCAL.addAddress('::1', 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');
/** Nobody can be connected to at these, whatever the line says. */
const NOWHERE = new BlockList();
NOWHERE.addSubnet('224.0.0.0', 3, 'ipv4');
NOWHERE.addSubnet('ff00::', 8, 'ipv6');

/** Why an address may not be a member; undefined when it may. */
export function objectionTo({ host, port, unixPath }: Found, model: DiscoveryModel): string | undefined {
  if (unixPath !== undefined)
    return model.kind === 'file' ? undefined : 'a path of a socket, which only files may name';
  const family = host.length <= MOST_HOST && !host.includes('%') ? isIP(host) : 0;
  if (family === 0) return 'not an address: names are for server lines with resolve';
  if (port < 1 || port > MOST_PORT) return `${port} is not a port`;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (NOWHERE.check(host, kind)) return 'no address of one host';
  if (!model.allowLocal && LOCAL.check(host, kind))
    return 'an address of this host or link: it takes allow_local';
  return undefined;
}

export interface Sifted {
  /** Each address once, the first that names it; in the order of their texts, so that equal answers are equal lists. */
  readonly members: readonly Found[];
  /** `10.0.0.1:80: why`, for each that may not be a member. */
  readonly leftOut: readonly string[];
}

/** @throws {Refusal} when there are too many */
export function sift(found: readonly Found[], model: DiscoveryModel): Sifted {
  const { mostMembers } = model;
  const byAddress = new Map<string, Found>();
  const leftOut: string[] = [];
  for (const one of found) {
    const objection = objectionTo(one, model);
    const address = addressText({ unixPath: undefined, ...one });
    if (objection !== undefined) leftOut.push(`${address}: ${objection}`);
    else if (!byAddress.has(address)) byAddress.set(address, one);
  }
  if (byAddress.size > mostMembers)
    throw new Refusal(`it names ${byAddress.size} members, and max_members is ${mostMembers}`);
  const sorted = [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1));
  return { members: sorted.map(([, one]) => one), leftOut };
}

/** Members of a pool as a source names them: the line of the source says the rest. */
export function memberOf({ host, port, unixPath, ...said }: Found, { member }: DiscoveryModel): MemberModel {
  const place = { host, port, unixPath };
  return {
    ...{ name: addressText(place), ...place },
    ...member,
    weight: said.weight ?? member.weight,
    drain: said.drain ?? member.drain,
    down: said.down ?? member.down,
  };
}

/** Reads what was kept on the disk. @throws {Refusal} */
export function foundOf(value: unknown): Found {
  const { host, port, unixPath, weight, drain, down } = fieldsOf(value, 'a member');
  return {
    host: textOf(host, 'host'),
    port: wholeOf(port, 'port', 0, MOST_PORT),
    ...(unixPath !== undefined && { unixPath: textOf(unixPath, 'unixPath') }),
    ...(weight !== undefined && { weight: wholeOf(weight, 'weight', 1, MOST_WEIGHT) }),
    ...(drain === true && { drain }),
    ...(down === true && { down }),
  };
}

/** A weight as other programs have it: 0 takes nothing new, and what is above ours is ours. */
export const weightOf = (value: number): Pick<Found, 'weight' | 'drain'> =>
  value === 0 ? { drain: true } : { weight: Math.min(value, MOST_WEIGHT) };
