/** The draft of the l4 block to its frozen model: what is absent gets its value, and what does not go together is told. */
import { suggest } from '#kit/suggest.ts';
import type { L4CheckModel } from '#model/l4/health.ts';
import { FLOW_TIMEOUTS, L4_PIN_PATH, type L4Model } from '#model/l4/l4.ts';
import {
  type ForwardMode,
  NO_LIMIT,
  type RealServerModel,
  type VirtualServerModel,
} from '#model/l4/virtual-server.ts';
import type { Faults } from './diagnostic.ts';
import type { CheckDraft, L4Draft, RealServerDraft, VirtualServerDraft } from './draft-l4.ts';
import { refuseOverlaps } from './l4-overlap.ts';
import type { Site } from './lex.ts';

const CONNECTIONS = 262_144;
const INSERTS_PER_SECOND = 125_000;

export function resolveL4Block(draft: L4Draft, faults: Faults): L4Model {
  refuseOverlaps(draft.virtualServers, faults);
  return {
    pinPath: L4_PIN_PATH,
    connections: CONNECTIONS,
    insertsPerSecond: INSERTS_PER_SECOND,
    hashSecret: undefined,
    leaseMs: undefined,
    sync: undefined,
    scriptUser: 'nobody',
    ...draft.own,
    attach: draft.attach,
    timeouts: { ...FLOW_TIMEOUTS, ...draft.timeouts },
    sourcePools: draft.sourcePools,
    filter: draft.filter,
    virtualServers: draft.virtualServers.map(server => resolveVirtualServer(server, draft, faults)),
  };
}

function resolveVirtualServer(draft: VirtualServerDraft, l4: L4Draft, faults: Faults): VirtualServerModel {
  const { name, protocol, own, site } = draft;
  const realServers = draft.realServers.map(real => resolveRealServer(real, draft, l4, faults));
  refuseMisplacedFlags(draft, faults);
  refuseSorryTwin(draft, faults);
  warnOfQuorum(draft, faults);
  const sorry = draft.sorryServer;
  return {
    name,
    protocol,
    addresses: draft.addresses.map(({ protocol: of, first, last, firstPort, lastPort }) => ({
      protocol: of,
      first,
      last,
      firstPort,
      lastPort,
    })),
    scheduler: { name: 'wlc', port: false },
    tunnel: { kind: 'ipip', port: 0 },
    persistence: undefined,
    onDead: protocol === 'udp' ? 'reselect' : 'rst',
    onePacket: false,
    inhibit: false,
    synCookies: undefined,
    drain: { deadlineMs: 0, keepsPersistent: false },
    sourceLimit: NO_LIMIT,
    limit: NO_LIMIT,
    quorum: { weight: 1, hysteresis: 0 },
    ...own,
    filter: draft.filter,
    realServers,
    sorryServer: sorry && resolveRealServer(sorry, draft, l4, faults, 'sorry_server'),
    checks: draft.checks.map(check => resolveCheck(check, draft, faults)),
    notify: draft.notify,
    site: placeOf(site),
  };
}

const placeOf = ({ file, line }: Site) => ({ file, line });

function resolveRealServer(
  { family, place, ...real }: RealServerDraft,
  around: VirtualServerDraft,
  l4: L4Draft,
  faults: Faults,
  directive = 'real_server',
): RealServerModel {
  const mode = real.mode ?? around.mode;
  const refuse = (message: string, hint: string) =>
    faults.error('value', `${directive}: ${message}`, place, hint);
  const vip = around.addresses[0]!;
  if (family !== vip.family && mode !== 'tun')
    refuse(
      `"${real.name}" is IPv${family}, and the virtual server is IPv${vip.family}`,
      'only mode tun carries one within the other',
    );
  if (real.port !== 0 && (mode === 'dr' || mode === 'tun') && changesPort(real.port, around))
    refuse(
      `mode ${mode} cannot change the port to ${real.port}`,
      `leave it out: the real server gets what the client sent; or take mode nat or fullnat`,
    );
  if (mode === 'fullnat' && !l4.sourcePools.some(({ first }) => first.includes(':') === (family === 6)))
    refuse(
      `mode fullnat has no IPv${family} address to send from`,
      'add source_pool FIRST-LAST; to the l4 block',
    );
  return { ...real, mode, site: placeOf(place) };
}

const changesPort = (port: number, { addresses }: VirtualServerDraft): boolean =>
  addresses.some(({ firstPort, lastPort }) => firstPort !== port || lastPort !== port);

const modesOf = ({ realServers, sorryServer, mode }: VirtualServerDraft): Set<ForwardMode> =>
  new Set([...realServers, ...(sorryServer ? [sorryServer] : [])].map(real => real.mode ?? mode));

function refuseMisplacedFlags(draft: VirtualServerDraft, faults: Faults): void {
  const { own, protocol, places } = draft;
  const refuse = (name: string, message: string, hint: string) =>
    faults.error('value', `${name}: ${message}`, places.get(name) ?? draft.site, hint);
  if (own.onePacket && protocol !== 'udp')
    refuse('one_packet', 'the packets of a TCP connection belong together', 'it goes with udp only');
  if (own.onePacket && modesOf(draft).has('fullnat'))
    refuse(
      'one_packet',
      'in mode fullnat each datagram would take a port of source_pool for itself',
      'take mode nat, dr or tun',
    );
  if (own.onePacket && own.persistence)
    refuse('one_packet', 'it stands beside persistence', 'keep one of the two');
  if (own.onDead === 'rst' && protocol === 'udp')
    refuse('on_dead', 'UDP knows no reset', 'write reselect or keep');
  if (own.synCookies && protocol === 'udp')
    refuse('syn_cookies', 'UDP knows no SYN', 'it goes with tcp only');
  const blind = [...modesOf(draft)].find(mode => mode === 'dr' || mode === 'tun');
  if (own.synCookies && protocol !== 'udp' && blind)
    refuse(
      'syn_cookies',
      `in mode ${blind} the director does not see the answers, whose numbers it would have to change`,
      'take mode nat or fullnat, or switch cookies on at the real servers (net.ipv4.tcp_syncookies)',
    );
}

function refuseSorryTwin({ sorryServer: sorry, realServers }: VirtualServerDraft, faults: Faults): void {
  const twin = sorry && realServers.find(real => real.address === sorry.address && real.port === sorry.port);
  if (!twin) return;
  faults.error(
    'value',
    `sorry_server: "${sorry.name}" is a real server on line ${twin.place.line} too`,
    sorry.place,
    'it stands in for those that fail: take another one',
  );
}

function warnOfQuorum({ own, realServers, places, site }: VirtualServerDraft, faults: Faults): void {
  if (!own.quorum) return;
  const { weight, hysteresis } = own.quorum;
  const whole = realServers.reduce((sum, real) => sum + (real.state === 'ready' ? real.weight : 0), 0);
  if (weight + hysteresis <= whole) return;
  faults.warn(
    'no-effect',
    `quorum: ${weight + hysteresis} is never reached: all real servers together weigh ${whole}`,
    places.get('quorum') ?? site,
    'the sorry server would get all connections, for ever',
  );
}

/** Kinds of check that ask at no port. */
const PORTLESS: ReadonlySet<string> = new Set(['ping', 'script', 'file']);

function resolveCheck(
  { place, ...check }: CheckDraft,
  around: VirtualServerDraft,
  faults: Faults,
): L4CheckModel {
  const names = around.realServers.map(real => real.name);
  for (const name of check.only) {
    if (names.includes(name)) continue;
    const near = suggest(name, names);
    faults.error(
      'value',
      `health_check: no real_server is called "${name}"`,
      place,
      near ? `did you mean "${near}"?` : 'write it as on its line',
    );
  }
  const { type } = check.question;
  const meant = around.realServers.filter(real => check.only.length === 0 || check.only.includes(real.name));
  const anyPort = around.addresses[0]!.firstPort === 0;
  if (check.port === undefined && !PORTLESS.has(type) && anyPort && meant.some(real => real.port === 0))
    faults.error(
      'value',
      `health_check: ${type} does not know which port to ask`,
      place,
      'the virtual server takes all of them: write port=',
    );
  if (check.throughVirtual) refuseOtherPaths(check, meant, around, place, faults);
  return { ...check, site: placeOf(place) };
}

const modeOf = (real: RealServerDraft, { mode }: VirtualServerDraft): ForwardMode => real.mode ?? mode;

const familyOf = (address: string) => (address.includes(':') ? 6 : 4);

/** A check by the path of the virtual server wants one: of its own, and of one family. */
function refuseOtherPaths(
  { question: { type }, address }: Pick<L4CheckModel, 'question' | 'address'>,
  meant: readonly RealServerDraft[],
  around: VirtualServerDraft,
  place: Site,
  faults: Faults,
): void {
  const refuse = (what: string, hint: string) =>
    faults.error('value', `health_check: via=vip ${what}`, place, hint);
  if (PORTLESS.has(type))
    return refuse(`does not go with ${type}`, 'take a check that asks at a port, such as tcp');
  if (address !== undefined) return refuse('does not go with address=', 'leave one of them out');
  const translated = meant.find(real => modeOf(real, around) === 'nat' || modeOf(real, around) === 'fullnat');
  if (translated)
    return refuse(
      `is for modes dr and tun, and real_server ${translated.name} is of mode ${modeOf(translated, around)}`,
      'there clients come to its own address, where it is asked without via=vip; only= restricts a check',
    );
  const other = meant.find(real =>
    around.addresses.some(({ first }) => familyOf(first) !== familyOf(real.address)),
  );
  if (other)
    refuse(
      `needs real servers of the virtual server's family, and ${other.name} is of the other`,
      'ask it without via=vip; only= restricts a check',
    );
}
