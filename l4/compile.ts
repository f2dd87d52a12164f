/** From the configuration, and what is known of real servers, to tables: pure, so that two directors come to the same. */
import { createHash } from 'node:crypto';
import type { L4Model } from '#model/l4/l4.ts';
import type { RealServerModel, SorryServerModel, VirtualServerModel } from '#model/l4/virtual-server.ts';
import { type Conditions, conditionOf, type RealCondition, type ServiceCondition } from './condition.ts';
import { endpointsOf } from './endpoints.ts';
import { Ids } from './ids.ts';
import { NO_PEER, type PeerReal, type PeerReals, peerRealsOf, realName, weightForNew } from './peer-reals.ts';
import type { Candidate } from './schedulers/candidate.ts';
import { selectionOf } from './schedulers/table.ts';
import { sliceOf } from './source-pools.ts';
import type { FlowFate, L4Settings, L4Tables, RealTable, ServiceFacts, ServiceTable } from './tables.ts';

const KEY_BYTES = 16;

export interface CompileOptions {
  readonly conditions: Conditions;
  /** What stands in the maps: numbers are taken over from it, and real servers that are gone are seen off. */
  readonly before: L4Tables | undefined;
  /** Keys hashes where the configuration has no secret; the plane keeps it beside the maps. */
  readonly drawnSecret: string;
  /** What the other director has told of real servers. */
  readonly peer?: PeerReals;
}

export function compileTables(model: L4Model, options: CompileOptions): L4Tables {
  const { before, conditions, peer = NO_PEER } = options;
  const settings = settingsOf(model, options.drawnSecret);
  const ids = new Ids(before);
  const services = model.virtualServers.map(server => {
    const service = serviceOf(server, conditions.get(server.name), ids, settings.hashKey);
    const reals = peerRealsOf(peer, service.endpoints);
    return reals ? { ...service, elsewhere: elsewhereOf(service, reals, server, settings.hashKey) } : service;
  });
  return { settings, services, leaving: leavingOf(before, services) };
}

function settingsOf(model: L4Model, drawnSecret: string): L4Settings {
  const { connections, timeouts, insertsPerSecond, leaseMs, sourcePools, filter, sync } = model;
  const secret = model.hashSecret ?? drawnSecret;
  return {
    connections,
    timeouts,
    insertsPerSecond,
    hashKey: keyFor('moat l4', secret),
    cookieKey: keyFor('moat l4 cookies', secret),
    leaseMs,
    sourcePools: sliceOf(sourcePools, sync),
    filter,
    isSynced: sync !== undefined,
  };
}

/** Keys for different ends: who learns something of one knows nothing of the other. */
const keyFor = (end: string, secret: string): Uint8Array =>
  createHash('sha256').update(`${end}\0${secret}`, 'latin1').digest().subarray(0, KEY_BYTES);

function serviceOf(
  server: VirtualServerModel,
  condition: ServiceCondition | undefined,
  ids: Ids,
  secret: Uint8Array,
): ServiceTable {
  const endpoints = endpointsOf(server.addresses);
  const id = ids.service(endpoints);
  const sorry = server.sorryServer;
  const isSorry = sorry !== undefined && condition?.quorum === false;
  const reals = server.realServers.map((real): RealTable => {
    const { name, address, port, mode, upper, lower } = real;
    const now = standingOf(real, conditionOf(real, condition), server, isSorry);
    return {
      id: ids.real(id, address, port),
      serviceId: id,
      name,
      address,
      port,
      mode,
      upper,
      lower,
      ...now,
    };
  });
  const all = sorry ? [...reals, sorryOf(sorry, id, ids, isSorry)] : reals;
  const selection = selectionOf(candidatesOf(all), server.scheduler, secret);
  return { id, facts: factsOf(server), endpoints, selection, reals: all };
}

/** The ring of the other director; undefined: it has none, or the same. Real servers that are not known here have id 0. */
function elsewhereOf(
  { selection, reals }: ServiceTable,
  peer: readonly PeerReal[],
  { scheduler }: VirtualServerModel,
  secret: Uint8Array,
): Uint32Array | undefined {
  if (selection.kind !== 'ring') return undefined;
  const weights = new Map(peer.map(real => [realName(real), real.weight]));
  const known = new Set(reals.map(realName));
  const isSame =
    reals.every(real => weightForNew(real) === (weights.get(realName(real)) ?? 0)) &&
    peer.every(real => real.weight === 0 || known.has(realName(real)));
  if (isSame) return undefined;
  const there = [
    ...reals.map(real => ({ ...real, weight: weights.get(realName(real)) ?? 0 })),
    ...peer.filter(real => !known.has(realName(real))).map(real => ({ ...real, id: 0 })),
  ].filter(({ weight }) => weight > 0);
  const ring = selectionOf(there.map(candidateOf), scheduler, secret);
  return 'slots' in ring ? ring.slots : undefined;
}

/** It is in the tables all the time, so that its flows go on when the quorum is there again. */
function sorryOf(
  { name, address, port, mode }: SorryServerModel,
  serviceId: number,
  ids: Ids,
  isSorry: boolean,
): RealTable {
  const id = ids.real(serviceId, address, port);
  const now = { weight: isSorry ? 1 : 0, intake: isSorry ? 'all' : 'none', fate: 'forward' } as const;
  return { id, serviceId, name, address, port, mode, upper: 0, lower: 0, ...now };
}

type Standing = Pick<RealTable, 'weight' | 'intake' | 'fate'>;

/** @param replaced whether the sorry server has all new flows */
function standingOf(
  real: RealServerModel,
  { alive, weight = real.weight, drain, isContested = false }: RealCondition,
  { onDead, inhibit, drain: drains }: VirtualServerModel,
  replaced: boolean,
): Standing {
  const dead: FlowFate = onDead === 'keep' ? 'forward' : onDead;
  const quiet = { weight: 0, intake: drains.keepsPersistent ? 'persistent' : 'none' } as const;
  if (real.state === 'down' || drain === 'over') return { weight: 0, intake: 'none', fate: dead };
  if (!alive) return { weight: 0, intake: 'none', fate: inhibit || isContested ? 'forward' : dead };
  if (drain === 'draining' || weight === 0) return { ...quiet, fate: 'forward' };
  return { weight, intake: replaced ? 'none' : 'all', fate: 'forward' };
}

const candidatesOf = (reals: readonly RealTable[]): Candidate[] =>
  reals.filter(real => weightForNew(real) > 0).map(candidateOf);

const candidateOf = (real: Pick<RealTable, 'id' | 'address' | 'port' | 'weight'>): Candidate => ({
  id: real.id,
  key: realName(real),
  weight: real.weight,
});

function factsOf(server: VirtualServerModel): ServiceFacts {
  const { name, protocol, tunnel, persistence, onDead, onePacket, synCookies } = server;
  const { drain, sourceLimit, limit, filter } = server;
  return {
    name,
    protocol,
    tunnel,
    persistence,
    onDead,
    onePacket,
    synCookies,
    drain,
    sourceLimit,
    limit,
    filter,
  };
}

/** Real servers that were there and are not: they get nothing new, and their flows what the policy says. */
function leavingOf(before: L4Tables | undefined, services: readonly ServiceTable[]): RealTable[] {
  if (!before) return [];
  const staying = new Set(services.flatMap(({ reals }) => reals.map(({ id }) => id)));
  const policies = new Map(
    [...before.services, ...services].map(({ id, facts }) => [id, facts.onDead] as const),
  );
  const goers = [...before.services.flatMap(({ reals }) => reals), ...before.leaving];
  return goers
    .filter(({ id }) => !staying.has(id))
    .map(real => {
      const policy = policies.get(real.serviceId);
      const fate = policy === undefined ? real.fate : policy === 'keep' ? 'forward' : policy;
      return { ...real, weight: 0, intake: 'none', fate };
    });
}

/** Forgets real servers that have left and have no flows any more, so that their numbers are free. */
export function releaseReals(tables: L4Tables, ids: ReadonlySet<number>): L4Tables {
  return { ...tables, leaving: tables.leaving.filter(({ id }) => !ids.has(id)) };
}
