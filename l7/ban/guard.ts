/** limit_ban of one location: who is refused, and what is held against whom. */

import type { Cidr } from '#kit/cidr.ts';
import { IpReader } from '#kit/ip.ts';
import { IpTable } from '#kit/ip-table.ts';
import type { BanEvent, BanRuleModel, BanZoneModel } from '#model/l7/limit.ts';
import type { Template } from '#model/template.ts';
import type { Exchange } from '../exchange.ts';
import { quoted } from '../log/quoted.ts';
import { openVerdicts, type Verdicts } from '../metrics/verdicts.ts';
import { oncePer } from '../once-per.ts';
import type { Compiler } from '../tables.ts';
import type { Text } from '../variable/space.ts';
import { type BanRule, type BanZone, banKey, ruleTag } from '../zone/ban-zone.ts';
import { openBanZone } from '../zone/open-bans.ts';
import { addressKey } from './key.ts';

/** Variables that have no value before the firewall has read the body. */
const OF_BODY = 'waf_arg_';

const sparedTable = oncePer((networks: readonly Cidr[]) =>
  IpTable.ofNetworks(networks.map(network => ({ network, value: true as const }))),
);

/** What an event is of a request that is over. */
const EVENTS: Readonly<Record<BanEvent, (exchange: Exchange) => boolean>> = {
  waf: ({ inspection }) => inspection?.decision !== undefined,
  challenge: ({ challengeStatus }) => challengeStatus === 'SHOWN' || challengeStatus === 'REFUSED',
  limit_req: ({ limitReqStatus }) => limitReqStatus === 'REJECTED',
  limit_conn: ({ limitConnStatus }) => limitConnStatus === 'REJECTED',
};

interface Rule extends BanRule {
  readonly model: BanRuleModel;
  readonly zone: OpenZone;
  readonly statuses: ReadonlySet<number>;
  readonly conditions: readonly Text[];
}

interface OpenZone {
  readonly name: string;
  readonly bans: BanZone;
  readonly verdicts: Verdicts;
  readonly part: KeyPart;
  readonly keyOf: Text;
}

/** Where the key of a zone is read from. */
export type KeyPart = 'head' | 'body';

export class BanGuard {
  /** Whose bans are looked at. */
  readonly #zones: readonly OpenZone[];
  readonly #rules: readonly Rule[];
  readonly #spared: IpTable<true>;
  readonly #dryRun: boolean;

  constructor(compiler: Compiler, part?: KeyPart) {
    const { ban, banSpared, banDryRun } = compiler.location.settings.limit;
    const names = [...new Set(ban.map(({ zone }) => zone))];
    const zones = names.map(name => openBans(name, compiler));
    this.#zones = zones.filter(zone => part === undefined || zone.part === part);
    this.#rules = ban.map(model => ruleOf(model, zones[names.indexOf(model.zone)]!, compiler));
    this.#spared = sparedTable(banSpared);
    this.#dryRun = banDryRun;
  }

  get hasZones(): boolean {
    return this.#zones.length > 0;
  }

  /** @returns the zone in which the client is banned */
  refuses(exchange: Exchange): string | undefined {
    const nowMs = Math.floor(exchange.clock.wallMs());
    if (this.#spared.find(exchange.remoteAddress)) return undefined;
    for (const { name, bans, verdicts, keyOf } of this.#zones) {
      const key = keyOf(exchange);
      if (key === '') continue;
      const banned = bans.bannedUntilMs(key, nowMs) > 0;
      const verdict = banned ? (this.#dryRun ? 'REJECTED_DRY_RUN' : 'REJECTED') : 'PASSED';
      verdicts.add(verdict);
      exchange.limitBanStatus = verdict;
      if (banned) return name;
    }
    return undefined;
  }

  /** Counts what the request was. @returns whether that banned somebody */
  judge(exchange: Exchange): boolean {
    if (this.#spared.find(exchange.remoteAddress)) return false;
    let changed = false;
    for (const rule of this.#rules) {
      const cause = causeOf(rule, exchange);
      const key = cause === undefined ? '' : rule.zone.keyOf(exchange);
      if (key !== '' && this.#strike(rule, key, cause!, exchange)) changed = true;
    }
    return changed;
  }

  #strike(rule: Rule, key: string, cause: string, exchange: Exchange): boolean {
    const { bans, name, verdicts } = rule.zone;
    const nowMs = Math.floor(exchange.clock.wallMs());
    const lengthMs = this.#dryRun
      ? bans.strikeOnly(rule, key, nowMs) && rule.banMs
      : bans.strike(rule, key, nowMs)?.lengthMs;
    if (!lengthMs) return false;
    exchange.limitBanStatus = this.#dryRun ? 'BANNED_DRY_RUN' : 'BANNED';
    verdicts.add(exchange.limitBanStatus);
    exchange.log(
      exchange.location.model.settings.limit.banLogLevel,
      `banning${this.#dryRun ? ', dry run,' : ''} ${quoted(key)} for ${lengthMs / 1000} s by zone "${name}": ${rule.count} events within ${rule.withinMs / 1000} s, the last one ${cause}`,
    );
    return !this.#dryRun;
  }
}

/** Undefined where nothing is banned. @param part only for zones whose keys are read from there */
export function guardOf(compiler: Compiler, part?: KeyPart): BanGuard | undefined {
  if (compiler.location.settings.limit.ban.length === 0) return undefined;
  const guard = new BanGuard(compiler, part);
  return guard.hasZones ? guard : undefined;
}

function openBans(name: string, { tables, worker, text }: Compiler): OpenZone {
  const model = tables.model.limitZones.find(
    (zone): zone is BanZoneModel => zone.kind === 'ban' && zone.name === name,
  )!;
  return {
    name,
    bans: openBanZone(tables.zones, name, worker.seat.owner),
    verdicts: openVerdicts(tables.zones, model, worker.seat.slot),
    part: partOf(model.key),
    keyOf: keyOf(model, text),
  };
}

function keyOf({ key, ip6Bits }: BanZoneModel, text: Compiler['text']): Text {
  if (ip6Bits !== undefined) {
    const reader = new IpReader();
    return exchange => addressKey(reader, exchange.remoteAddress, ip6Bits);
  }
  const value = text(key);
  // A name of a user is the same in any case to most servers: else each spelling would have its own tries.
  if (partOf(key) === 'body') return exchange => banKey(value(exchange).toLowerCase());
  return exchange => banKey(value(exchange));
}

const partOf = (key: Template): KeyPart =>
  typeof key !== 'string' &&
  key.some(piece => typeof piece !== 'string' && piece.variable.startsWith(OF_BODY))
    ? 'body'
    : 'head';

function ruleOf(model: BanRuleModel, zone: OpenZone, { text }: Compiler): Rule {
  const { count, withinMs, banMs, mostMs, events, statuses, conditions } = model;
  return {
    model,
    zone,
    tag: ruleTag(JSON.stringify([count, withinMs, events, statuses, conditions])),
    count,
    withinMs,
    banMs,
    mostMs,
    statuses: new Set(statuses),
    conditions: conditions.map(condition => text(condition)),
  };
}

/** @returns a word for the log; undefined: the request was no such event */
function causeOf({ model, statuses, conditions }: Rule, exchange: Exchange): string | undefined {
  const event = model.events.find(name => EVENTS[name](exchange));
  if (event) return event;
  const status = statusOf(exchange);
  if (statuses.has(status)) return `status ${status}`;
  const met = conditions.some(condition => !['', '0'].includes(condition(exchange)));
  return met ? 'a condition' : undefined;
}

/** As the access log tells it. */
const statusOf = ({ response, errorStatus, statusDue, failedStatus }: Exchange): number =>
  response?.status ?? (errorStatus || statusDue || failedStatus);
