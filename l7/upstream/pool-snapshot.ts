/** How the members of a pool are, for metrics and status pages. */
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import type { SourceFigures } from '../discovery/source.ts';
import { COUNT, type Peers, STATE } from '../zone/peers.ts';
import { addressText } from './member.ts';
import { lineOf, type MemberLine, type MemberOverride, type MemberSaid } from './member-order.ts';

/** Why a member gets no requests, or `up`; `unavailable` is nginx's word for one that failed too often. */
export type MemberState = 'up' | 'down' | 'drain' | 'unhealthy' | 'checking' | 'ejected' | 'unavailable';

export interface MemberSnapshot {
  /** As configured. */
  readonly name: string;
  readonly address: string;
  readonly backup: boolean;
  readonly weight: number;
  readonly state: MemberState;
  /** What the configuration says of it; undefined: nothing, it was added by command. Told by the steward alone. */
  readonly line?: MemberLine | undefined;
  /** What was commanded against its line. */
  readonly command?: MemberSaid | undefined;
  /** The sources that name it. Told by the steward alone. */
  readonly sources?: readonly string[] | undefined;
  readonly inFlight: number;
  /** Failures that max_fails counts at the moment. */
  readonly failsNow: number;
  /** Moving averages; 0 is not known, or not measured by the method of the pool. */
  readonly headerMs: number;
  readonly responseMs: number;
  /** Since the process began, from all threads. */
  readonly counts: Readonly<Record<Exclude<keyof typeof COUNT, 'waiting' | 'waitingSinceMs'>, number>>;
}

export interface PoolSnapshot {
  readonly name: string;
  /** Requests that wait in the queue. */
  readonly queued: number;
  readonly members: readonly MemberSnapshot[];
  /** Names of members that the configuration has and a command took out. Told by the steward alone. */
  readonly removed?: readonly string[] | undefined;
  /** Where it finds members beside its lines. Told by the steward alone. */
  readonly sources?: readonly SourceFigures[] | undefined;
}

export interface PoolSources {
  readonly pool: string;
  readonly sources: readonly SourceFigures[];
}

const COUNTED = [
  'connections',
  'requests',
  'fails',
  'responses1xx',
  'responses2xx',
  'responses3xx',
  'responses4xx',
  'responses5xx',
  'bytesReceived',
  'bytesSent',
] as const satisfies readonly (keyof typeof COUNT)[];

/** @param members in the order of the peers */
export function snapshotOf(
  name: string,
  peers: Peers,
  members: readonly { readonly model: MemberModel }[],
  nowMs: number,
): PoolSnapshot {
  const { length } = members;
  return {
    name,
    queued: peers.names.length > length ? peers.inFlight(length) : 0,
    members: members.map(({ model }, index) => ({
      name: model.name,
      address: addressText(model),
      backup: model.backup,
      weight: model.weight,
      state: stateOf(peers, index, model, length, nowMs),
      inFlight: peers.inFlight(index),
      failsNow: peers.fails[index]!,
      headerMs: peers.headerMs[index]!,
      responseMs: peers.responseMs[index]!,
      counts: countsOf(peers, index),
    })),
  };
}

/** With what lines and commands say of the members. @param base the pool as configured */
export function withCommands(
  snapshot: PoolSnapshot,
  base: PoolModel,
  overrides: readonly MemberOverride[],
): PoolSnapshot {
  const own = overrides.filter(({ pool }) => pool === base.name);
  const lines = new Map(base.members.map(model => [model.name, lineOf(model)]));
  return {
    ...snapshot,
    members: snapshot.members.map(member => {
      const said = own.find(one => one.member === member.name);
      const { state, weight } = said ?? {};
      const isSaid = state !== undefined || weight !== undefined;
      return { ...member, line: lines.get(member.name), command: isSaid ? { state, weight } : undefined };
    }),
    removed: own.filter(({ removed }) => removed).map(({ member }) => member),
  };
}

export function withSources(
  snapshot: PoolSnapshot,
  {
    sources,
    namers,
  }: Pick<PoolSources, 'sources'> & { readonly namers: ReadonlyMap<string, readonly string[]> },
): PoolSnapshot {
  const members = snapshot.members.map(member => ({ ...member, sources: namers.get(member.address) }));
  return { ...snapshot, members, sources };
}

function countsOf(peers: Peers, index: number): MemberSnapshot['counts'] {
  const counts: Partial<Record<(typeof COUNTED)[number], number>> = {};
  for (const what of COUNTED) counts[what] = peers.sum(index, COUNT[what]);
  return counts as MemberSnapshot['counts'];
}

/** The first reason that holds. */
const REASONS: readonly (readonly [number, MemberState])[] = [
  [STATE.down, 'down'],
  [STATE.unhealthy, 'unhealthy'],
  [STATE.unchecked, 'checking'],
  [STATE.drain, 'drain'],
];

function stateOf(peers: Peers, index: number, model: MemberModel, size: number, nowMs: number): MemberState {
  const state = peers.state(index);
  for (const [bit, word] of REASONS) if (state & bit) return word;
  if (state & STATE.ejected && nowMs < peers.ejectedUntilMs[index]!) return 'ejected';
  const { maxFails, failTimeoutMs } = model;
  const worn = maxFails > 0 && peers.fails[index]! >= maxFails && size > 1;
  return worn && nowMs - peers.checkedMs[index]! <= failTimeoutMs ? 'unavailable' : 'up';
}
