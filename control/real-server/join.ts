/** Makes this host a real server, and takes it back: addresses and silence for dr and tun, unwrapping for tun, only a note for nat. */
import { attachDecap, removeDecap } from '#l4';
import { waysTo } from '../host/ways.ts';
import { holdAddresses, releaseAddresses } from './loopback.ts';
import type { JoinPlan } from './plan.ts';
import {
  dropRecord,
  type JoinRecord,
  NO_RECORD,
  readRecord,
  type TunnelRecord,
  writeRecord,
} from './record.ts';

/**
 * @returns what it did, a line each
 * @throws {Error} with the reason; then what it did is undone
 */
export function join(plan: JoinPlan, recordPath: string): string[] {
  const before = readRecord(recordPath);
  const done: string[] = [];
  let record: JoinRecord = before;
  const keep = (next: JoinRecord, line?: string) => {
    record = next;
    writeRecord(recordPath, record);
    if (line !== undefined) done.push(line);
  };
  try {
    if (plan.mode === 'nat')
      keep({ ...record, nat: withNat(record, plan) }, 'noted; mode nat changes nothing here');
    else holdAddresses(plan.addresses, record, keep);
    if (plan.mode === 'tun') {
      const tunnel = withTunnel(record, plan);
      keep({ ...record, tunnel });
      done.push(...attachDecap({ ...tunnel, attach: plan.attach }));
    }
    return done;
  } catch (fault) {
    goBack(record, before, recordPath);
    throw fault;
  }
}

const union = <T>(some: readonly T[], more: readonly T[]): T[] => [...new Set([...some, ...more])];

const withNat = ({ nat }: JoinRecord, { addresses, directors }: JoinPlan) => ({
  addresses: union(nat?.addresses ?? [], addresses),
  directors: union(nat?.directors ?? [], directors),
});

function withTunnel({ tunnel }: JoinRecord, plan: JoinPlan): TunnelRecord {
  const interfaces = plan.interfaces.length > 0 ? plan.interfaces : interfacesTo(plan.directors);
  return {
    directors: union(tunnel?.directors ?? [], plan.directors),
    guePort: plan.guePort || (tunnel?.guePort ?? 0),
    interfaces: union(tunnel?.interfaces ?? [], interfaces),
    pinPath: tunnel?.pinPath ?? plan.pinPath,
  };
}

/** Tunnels come in where answers to their sender would go out. */
function interfacesTo(directors: readonly string[]): string[] {
  const names = directors.flatMap(director => {
    const ways = waysTo(director);
    if (ways.length === 0)
      throw new Error(`there is no route to the director ${director}: write --interface NAME`);
    return ways.map(({ link }) => link);
  });
  return [...new Set(names)];
}

function goBack(record: JoinRecord, before: JoinRecord, recordPath: string): void {
  releaseAddresses(record, before);
  if (record.tunnel && !before.tunnel) removeDecap(record.tunnel.pinPath);
  const isEmpty = before.addresses.length === 0 && !before.nat && !before.tunnel;
  if (isEmpty) dropRecord(recordPath);
  else writeRecord(recordPath, before);
}

/** Takes back all that `join` did. @returns what it did, a line each */
export function leave(recordPath: string): string[] {
  const record = readRecord(recordPath);
  // First the addresses: packets that are still unwrapped then find nobody, and the sender is told.
  const done = releaseAddresses(record, NO_RECORD);
  if (record.tunnel) done.push(...removeDecap(record.tunnel.pinPath));
  dropRecord(recordPath);
  return done;
}
