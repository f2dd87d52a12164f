/** limit_ban: clients that do too much of what is counted are refused for a time. */
import { BAN_EVENTS, type BanEvent } from '#model/l7/limit.ts';
import type { Template } from '#model/template.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { readNetwork } from '../network.ts';
import { type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { addZone, dryRun, EVERYWHERE, logLevel, status, zoneOf } from './limit.ts';

const DEFAULT_IP6_BITS = 64;
/** Half of a zone has to hold something. */
const LEAST_BYTES = 64 << 10;
const MOST_STATUSES = 64;

const ADDRESS_VARIABLES = ['binary_remote_addr', 'remote_addr'];

/** Whether a key is the client's address and nothing else. */
const isAddress = (key: Template): boolean => {
  const [part, ...others] = typeof key === 'string' ? [] : key;
  return typeof part === 'object' && others.length === 0 && ADDRESS_VARIABLES.includes(part.variable);
};

const banZone = defineDirective({
  name: 'limit_ban_zone',
  context: ['http'],
  repeats: true,
  args: {
    key: arg.template(),
    zone: arg.text('NAME:SIZE').param(),
    ipv6: arg.integer({ min: 16, max: 128 }).param(),
    state: arg.text('a path').param(),
    l4: arg.word(),
    sync: arg.word(),
  },
  doc: {
    summary:
      'Shared memory for bans by a key, and for the events that lead to them. Of an address of IPv6 its network is banned, for whoever has one address of it has all.',
    args: {
      key: '`$binary_remote_addr` for clients, or another text, say `$remote_user` for the names that passwords are tried on, or `$waf_arg_user` for those of a form or JSON, in any case of letters, whoever tries them. An empty one is not counted.',
      zone: 'Full, it forgets bans that are over, then the oldest.',
      ipv6: `How many bits of an address of IPv6 count; ${DEFAULT_IP6_BITS} if absent.`,
      state: 'A file in which bans outlive the program.',
      l4: 'The L4 tier of this moat drops all packets of who is banned, too, from open connections as well.',
      sync: 'Bans hold on all proxies of session_store; a ban that is lifted on one is lifted on those that it reaches. What leads to bans each counts for itself.',
    },
    example: 'limit_ban_zone $binary_remote_addr zone=bans:10m state=/var/lib/moat/bans.json l4;',
    since: '0.1',
  },
  compile({ key, zone, ipv6, state, l4, sync }, scope, line) {
    const { name, bytes } = zoneOf(zone);
    if (bytes < LEAST_BYTES) throw new ArgumentFault(`zone "${name}" is too small`, 'give it 64k or more');
    const byAddress = isAddress(key);
    if (!byAddress && (l4 || ipv6 !== undefined))
      throw new ArgumentFault(
        `${l4 ? 'l4' : 'ipv6'} is for bans of addresses, and the key is none`,
        'take the key $binary_remote_addr',
      );
    scope.zone(name, 'limit_ban_zone', bytes, line.name);
    const ip6Bits = byAddress ? (ipv6 ?? DEFAULT_IP6_BITS) : undefined;
    const statePath = state === undefined ? undefined : scope.prefixPath(state);
    addZone(
      { kind: 'ban', name, bytes, key, ip6Bits, l4: l4 === true, sync: sync === true, statePath },
      'limit_ban_zone',
      scope,
    );
  },
});

interface Events {
  readonly events: BanEvent[];
  readonly statuses: number[];
  readonly conditions: Template[];
}

/** Reads `waf,401,500-504,$login_failed`. @throws {ArgumentFault} */
function eventsOf({ text, ...site }: Token, scope: Scope): Events {
  const found: Events = { events: [], statuses: [], conditions: [] };
  for (const word of text.slice(text.indexOf('=') + 1).split(',')) {
    const known = BAN_EVENTS.find(event => event === word);
    if (known) found.events.push(known);
    else if (word.startsWith('$')) found.conditions.push(scope.template(word, site));
    else found.statuses.push(...statusesOf(word));
  }
  return found;
}

function statusesOf(word: string): number[] {
  const [, first, last = first] = /^(\d{3})(?:-(\d{3}))?$/.exec(word) ?? [];
  const count = Number(last) - Number(first) + 1;
  if (first === undefined || Number(first) < 100 || count < 1 || count > MOST_STATUSES)
    throw new ArgumentFault(
      `"${word}" is no event`,
      `write ${BAN_EVENTS.join(', ')}, a status, 500-504 or a variable, with commas between`,
    );
  return Array.from({ length: count }, (_, at) => Number(first) + at);
}

const limitBan = defineDirective({
  name: 'limit_ban',
  context: EVERYWHERE,
  repeats: true,
  args: {
    zone: arg.text('NAME').param(),
    events: arg.token('EVENT,...').param(),
    count: arg.integer({ min: 1, max: 1_000_000 }).param(),
    within: arg.durationMs().param(),
    ban: arg.durationMs().param(),
    escalate: arg.durationMs().param(),
  },
  doc: {
    summary:
      'Bans the key of a zone when so many of its requests within a time were events of a kind. Where it stands, who is banned is refused before all other checks.',
    args: {
      zone: 'That of limit_ban_zone. Several rules may share one: each counts for itself, their bans are the same.',
      events:
        '`waf`: refused by the firewall; `challenge`: sent to its page, or refused by it; `limit_req`, `limit_conn`: refused by a limit; a status or several, as `401` and `500-504`; a variable that is neither empty nor 0 when the request is over, say a map of `$upstream_http_location` that tells of a failed login. What is refused because of a ban is no event.',
      count: 'How many.',
      within: 'In which time; up to an eighth more.',
      ban: 'How long.',
      escalate:
        'The time doubles with each ban up to this; who keeps still so long begins anew. Without it every ban is as long as the first.',
    },
    example: 'limit_ban zone=bans events=waf,401,404 count=20 within=1m ban=10m escalate=1d;',
    since: '0.1',
  },
  compile({ zone, events, count, within, ban, escalate }, scope, line) {
    if (zone === undefined || !events || count === undefined || !within || !ban)
      throw new ArgumentFault(
        'does not say all it needs',
        'write limit_ban zone=NAME events=waf,401 count=N within=TIME ban=TIME',
      );
    if (escalate !== undefined && escalate < ban)
      throw new ArgumentFault('escalate is shorter than the ban', 'it is the longest that a ban may grow to');
    scope.http.limitUses.push({ kind: 'ban', zone, site: line.name });
    const times = { count, withinMs: within, banMs: ban, mostMs: escalate ?? ban };
    scope.append('limit', 'ban', { zone, ...eventsOf(events, scope), ...times });
  },
});

const limitBanSpare = defineDirective({
  name: 'limit_ban_spare',
  context: EVERYWHERE,
  repeats: true,
  args: { networks: arg.token('ADDRESS or ADDRESS/BITS').rest(1) },
  doc: {
    summary:
      'Networks of clients that limit_ban neither counts nor refuses, whatever bans there are; the L4 tier drops nobody of them.',
    example: 'limit_ban_spare 10.0.0.0/8 2001:db8:1::/48;',
    since: '0.1',
  },
  compile({ networks }, scope) {
    for (const token of networks) {
      const network = readNetwork(token, scope);
      scope.append('limit', 'banSpared', network);
      scope.http.banSpared.push(network);
    }
  },
});

export const LIMIT_BAN: readonly Directive[] = [
  banZone,
  limitBan,
  limitBanSpare,
  status('limit_ban_status', 'banStatus', 403),
  dryRun('limit_ban_dry_run', 'banDryRun'),
  logLevel('limit_ban_log_level', 'banLogLevel'),
];
