/** limit_conn: how many requests of a key are under way at a time, exact across all workers. */
import { openVerdicts } from '../metrics/verdicts.ts';
import type { Compiler } from '../tables.ts';
import { ConnZone } from '../zone/conn-zone.ts';
import { ALL_TAKEN, giveAll, takeAll } from '../zone/limit-conn.ts';
import { NEXT, type Phase } from './verdict.ts';

export function limitConnPhase({ location, tables, text, worker }: Compiler): Phase | undefined {
  const { conn, connStatus, connDryRun, connLogLevel } = location.settings.limit;
  if (conn.length === 0) return undefined;
  const zones = conn.map(
    ({ zone }) => tables.model.limitZones.find(known => known.kind === 'conn' && known.name === zone)!,
  );
  const { slot, owner } = worker.seat;
  const keyOf = zones.map(zone => text(zone.key));
  const limits = conn.map(({ most }, at) => ({
    zone: new ConnZone(tables.zones.memory('conn', zones[at]!.name), slot, owner),
    most,
    verdicts: openVerdicts(tables.zones, zones[at]!, slot),
  }));
  const keys = keyOf.map(() => '');
  return exchange => {
    if (exchange.limitConnStatus !== undefined || exchange.main !== exchange) return NEXT;
    for (let at = 0; at < keys.length; at++) keys[at] = keyOf[at]!(exchange);
    const held = new Int32Array(limits.length);
    const refused = takeAll(limits, keys, held);
    if (refused === ALL_TAKEN) {
      if (keys.every(key => key === '')) return NEXT;
      exchange.limitConnStatus = 'PASSED';
      for (let at = 0; at < keys.length; at++) if (keys[at] !== '') limits[at]!.verdicts.add('PASSED');
      exchange.onEnd(() => giveAll(limits, held));
      return NEXT;
    }
    exchange.limitConnStatus = connDryRun ? 'REJECTED_DRY_RUN' : 'REJECTED';
    limits[refused]!.verdicts.add(exchange.limitConnStatus);
    exchange.log(
      connLogLevel,
      `limiting connections${connDryRun ? ', dry run,' : ''} by zone "${zones[refused]!.name}"`,
    );
    return connDryRun ? NEXT : connStatus;
  };
}
