/** limit_req: lets requests through at a rate, delays some, refuses the rest. */
import { LOG_LEVELS, type LogLevel } from '#model/l7/log.ts';
import type { Exchange } from '../exchange.ts';
import { openVerdicts } from '../metrics/verdicts.ts';
import type { Compiler } from '../tables.ts';
import { account, reqLimit, reqOutcome } from '../zone/limit-req.ts';
import { ReqZone } from '../zone/req-zone.ts';
import { NEXT, type Phase, WAIT } from './verdict.ts';

export function limitReqPhase({ location, tables, text, worker }: Compiler): Phase | undefined {
  const { req, reqStatus, reqDryRun, reqLogLevel } = location.settings.limit;
  if (req.length === 0) return undefined;
  const zones = req.map(
    ({ zone }) => tables.model.limitZones.find(known => known.kind === 'req' && known.name === zone)!,
  );
  const keyOf = zones.map(zone => text(zone.key));
  const limits = req.map(({ burst, delay }, at) => {
    const zone = zones[at]!;
    const rate = zone.kind === 'req' ? zone.rate : 0;
    return reqLimit(
      new ReqZone(tables.zones.memory('table', `limit ${zone.name}`), rate, worker.seat.owner),
      burst,
      delay,
    );
  });
  const verdicts = zones.map(zone => openVerdicts(tables.zones, zone, worker.seat.slot));
  const keys = keyOf.map(() => '');
  const outcome = reqOutcome();
  const quieter = levelBelow(reqLogLevel);
  return exchange => {
    // A request is counted once, however often it is redirected inside.
    if (exchange.limitReqStatus !== undefined || exchange.main !== exchange) return NEXT;
    for (let at = 0; at < keys.length; at++) keys[at] = keyOf[at]!(exchange);
    account(limits, keys, Math.floor(exchange.clock.wallMs()), outcome);
    if (outcome.zoneIndex === -1) return NEXT;
    const { verdict } = outcome;
    const suffix = reqDryRun && verdict !== 'pass' ? '_DRY_RUN' : '';
    exchange.limitReqStatus =
      (verdict === 'pass' ? 'PASSED' : verdict === 'delay' ? 'DELAYED' : 'REJECTED') + suffix;
    verdicts[outcome.zoneIndex]!.add(exchange.limitReqStatus);
    if (verdict === 'pass') return NEXT;
    const zone = zones[outcome.zoneIndex]!.name;
    const dryRun = reqDryRun ? ', dry run' : '';
    const excess = (outcome.excess / 1000).toFixed(3);
    // To the letter those of nginx: programs like fail2ban read them.
    if (verdict === 'reject')
      exchange.log(reqLogLevel, `limiting requests${dryRun}, excess: ${excess} by zone "${zone}"`);
    else exchange.log(quieter, `delaying request${dryRun}, excess: ${excess}, by zone "${zone}"`);
    if (reqDryRun) return NEXT;
    if (verdict === 'reject') return reqStatus;
    exchange.delayed = true;
    setTimeout(resume, outcome.delayMs, exchange);
    return WAIT;
  };
}

function resume(exchange: Exchange): void {
  exchange.delayed = false;
  exchange.resume();
}

function levelBelow(level: LogLevel): LogLevel {
  return LOG_LEVELS[Math.max(0, LOG_LEVELS.indexOf(level) - 1)]!;
}
