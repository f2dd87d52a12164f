/** limit_req and limit_conn: how many requests, and how many at a time; limit_ban is in a file of its own. */
import { parseSizeBytes } from '#kit/units.ts';
import type { LimitZone } from '#model/l7/limit.ts';
import { LOG_LEVELS } from '#model/l7/log.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { defineSetting } from './setting.ts';

export const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

/** Smaller zones could not hold their own administration. */
const LEAST_ZONE_BYTES = 8 * 4096;

/** Reads `NAME:SIZE`. @throws {ArgumentFault} */
export function zoneOf(text: string | undefined): { name: string; bytes: number } {
  const match = /^([^:]+):(.+)$/.exec(text ?? '');
  const bytes = match && parseSizeBytes(match[2]!);
  if (!match || !bytes)
    throw new ArgumentFault(`invalid zone "${text ?? ''}"`, 'write zone=NAME:SIZE, as in zone=one:10m');
  if (bytes < LEAST_ZONE_BYTES)
    throw new ArgumentFault(`zone "${match[1]}" is too small`, 'give it 32k or more');
  return { name: match[1]!, bytes };
}

export function addZone(zone: LimitZone, kind: string, scope: Scope): void {
  if (scope.http.limitZones.some(other => other.name === zone.name && other.kind === zone.kind)) {
    throw new ArgumentFault(`the ${kind} "${zone.name}" is already bound to a key`);
  }
  scope.http.limitZones.push(zone);
}

const reqZone = defineDirective({
  name: 'limit_req_zone',
  context: ['http'],
  repeats: true,
  args: {
    key: arg.template(),
    zone: arg.text('NAME:SIZE').param(),
    rate: arg.text('RATE').param(),
    sync: arg.word(),
  },
  doc: {
    summary:
      'Shared memory that counts requests by a key, and how many are let through: requests per second (r/s) or minute (r/m).',
    args: {
      key: 'Requests of the same value count together; those of an empty one are not counted.',
      zone: 'Name and size of the memory.',
      rate: 'As 10r/s or 30r/m.',
      sync: 'Requests to all proxies of session_store count together. Each hears of the others a tenth of a second later (two of them by Redis), so that where a client asks n of them at the same moment n bursts may pass.',
    },
    example: 'limit_req_zone $binary_remote_addr zone=one:10m rate=10r/s;',
    since: '0.1',
  },
  compile({ key, zone, rate, sync }, scope, line) {
    const { name, bytes } = zoneOf(zone);
    const match = /^(\d+)r\/(s|m)$/.exec(rate ?? '');
    const perSecond = match ? (Number(match[1]) * 1000) / (match[2] === 'm' ? 60 : 1) : 0;
    if (!match || Math.trunc(perSecond) < 1)
      throw new ArgumentFault(
        rate === undefined ? 'names no rate' : `invalid rate "${rate}"`,
        'write rate=10r/s or rate=30r/m',
      );
    scope.zone(name, 'limit_req_zone', bytes, line.name);
    addZone(
      { kind: 'req', name, bytes, key, rate: Math.trunc(perSecond), sync: sync === true },
      'limit_req_zone',
      scope,
    );
  },
});

const connZone = defineDirective({
  name: 'limit_conn_zone',
  context: ['http'],
  repeats: true,
  args: { key: arg.template(), zone: arg.text('NAME:SIZE').param() },
  doc: {
    summary: 'Shared memory that counts requests under way by a key.',
    example: 'limit_conn_zone $binary_remote_addr zone=addr:10m;',
    since: '0.1',
  },
  compile({ key, zone }, scope, line) {
    const { name, bytes } = zoneOf(zone);
    scope.zone(name, 'limit_conn_zone', bytes, line.name);
    addZone({ kind: 'conn', name, bytes, key }, 'limit_conn_zone', scope);
  },
});

const limitReq = defineDirective({
  name: 'limit_req',
  context: EVERYWHERE,
  repeats: true,
  args: {
    zone: arg.text('NAME').param(),
    burst: arg.integer({ min: 1 }).param(),
    delay: arg.integer({ min: 1 }).param(),
    nodelay: arg.word(),
  },
  doc: {
    summary:
      'Lets requests through at the rate of a zone; more of them wait, up to burst, and the rest is refused.',
    example: 'limit_req zone=one burst=20 nodelay;',
    since: '0.1',
  },
  compile({ zone, burst, delay, nodelay }, scope, line) {
    if (zone === undefined) throw new ArgumentFault('names no zone', 'write limit_req zone=NAME burst=N');
    scope.http.limitUses.push({ kind: 'req', zone, site: line.name });
    if (scope.own.limit?.req?.some(other => other.zone === zone))
      throw new ArgumentFault(`the zone "${zone}" is already used here`);
    scope.append('limit', 'req', {
      zone,
      burst: burst ?? 0,
      delay: nodelay ? Number.POSITIVE_INFINITY : (delay ?? 0),
    });
  },
});

const limitConn = defineDirective({
  name: 'limit_conn',
  context: EVERYWHERE,
  repeats: true,
  args: { zone: arg.text('NAME'), number: arg.integer({ min: 1, max: 65535 }) },
  doc: {
    summary: 'How many requests of one key may be under way at a time.',
    example: 'limit_conn addr 10;',
    since: '0.1',
  },
  compile({ zone, number }, scope, line) {
    scope.http.limitUses.push({ kind: 'conn', zone, site: line.name });
    if (scope.own.limit?.conn?.some(other => other.zone === zone))
      throw new ArgumentFault(`the zone "${zone}" is already used here`);
    scope.append('limit', 'conn', { zone, most: number });
  },
});

export const status = (name: string, field: 'reqStatus' | 'connStatus' | 'banStatus', standard = 503) =>
  defineSetting(name, EVERYWHERE, 'limit', field, arg.integer({ min: 400, max: 599 }), {
    summary: 'The status of refused requests.',
    default: `${name} ${standard};`,
    example: `${name} 429;`,
  });

export const dryRun = (name: string, field: 'reqDryRun' | 'connDryRun' | 'banDryRun') =>
  defineSetting(name, EVERYWHERE, 'limit', field, arg.flag(), {
    summary: 'Counts and tells what would be refused or delayed, and lets all requests through.',
    default: `${name} off;`,
    example: `${name} on;`,
  });

export const logLevel = (name: string, field: 'reqLogLevel' | 'connLogLevel' | 'banLogLevel') =>
  defineSetting(name, EVERYWHERE, 'limit', field, arg.oneOf(LOG_LEVELS), {
    summary: 'The level at which refusals are logged; delays one level lower.',
    default: `${name} error;`,
    example: `${name} warn;`,
  });

export const LIMIT: readonly Directive[] = [
  reqZone,
  connZone,
  limitReq,
  limitConn,
  status('limit_req_status', 'reqStatus'),
  status('limit_conn_status', 'connStatus'),
  dryRun('limit_req_dry_run', 'reqDryRun'),
  dryRun('limit_conn_dry_run', 'connDryRun'),
  logLevel('limit_req_log_level', 'reqLogLevel'),
  logLevel('limit_conn_log_level', 'connLogLevel'),
];
