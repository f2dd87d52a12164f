/** The draft of a vrrp_instance to its frozen model, and what in it does not go together. */
import type { TrackModel } from '#model/cluster/track.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import type { Faults } from './diagnostic.ts';
import type { DiagnosticCode } from './diagnostic-code.ts';
import type { InstanceDraft, TrackDraft } from './draft-cluster.ts';
import type { Site } from './lex.ts';

const INTERVAL = {
  2: { unitMs: 1000, mostMs: 255_000, says: 'version 2 knows whole seconds, 1s to 255s' },
  3: { unitMs: 10, mostMs: 40_950, says: 'version 3 knows steps of 10ms, 10ms to 40.95s' },
} as const;
const OWNER_PRIORITY = 255;

export function resolveInstance(draft: InstanceDraft, faults: Faults): VrrpInstanceModel {
  const { name, own, addresses, peers, tracks } = draft;
  const family = addresses[0]?.family ?? 4;
  const model: VrrpInstanceModel = {
    ...{ name, family, interface: '', election: true, vrid: 0, version: 3, priority: 100, advertMs: 1000 },
    ...{ preempt: true, preemptDelayMs: 0, accept: true, addressLease: true, strict: false },
    ...{ checksum: 'auto', password: undefined, source: undefined },
    announce: { repeat: 5, delayMs: 5000, refreshMs: 0 },
    ...own,
    peers: peers.length === 0 ? undefined : peers.map(({ address, leastHops }) => ({ address, leastHops })),
    addresses: linkLocalFirst(draft).map(({ family: _, place: __, ...address }) => address),
    tracks: tracks.map(trackOf),
  };
  refuseGaps(draft, faults);
  refuseMixture(draft, family, faults);
  refuseMisfits(draft, model, faults);
  if (!model.election) refuseElectoral(draft, faults);
  warnOfIdle(draft, model, faults);
  return model;
}

export const trackOf = ({ name, question, weight }: TrackDraft): TrackModel => ({ name, question, weight });

/** The first address of an advertisement of IPv6 is link-local (RFC 9568 §5.2.9). */
function linkLocalFirst({ addresses }: InstanceDraft): InstanceDraft['addresses'] {
  const isFirst = ({ address }: { address: string }) => /^fe[89ab]/.test(address);
  return [...addresses.filter(isFirst), ...addresses.filter(address => !isFirst(address))];
}

function refuseGaps({ name, own, addresses, site }: InstanceDraft, faults: Faults): void {
  const refuse = (what: string, hint: string) =>
    faults.error('incomplete', `vrrp_instance "${name}" has no ${what}`, site, hint);
  if (own.interface === undefined) refuse('interface', 'add an interface line');
  if (own.vrid === undefined && own.election !== false)
    refuse('vrid', 'add a vrid line, 1 to 255, the same on all nodes');
  if (addresses.length === 0) refuse('virtual address', 'add a virtual_address line');
  else if (!addresses.some(({ advertised }) => advertised))
    refuse('address that is advertised', 'take "unadvertised" from one of them');
}

function refuseMixture(
  { own, addresses, peers, places }: InstanceDraft,
  family: 4 | 6,
  faults: Faults,
): void {
  for (const address of addresses)
    if (address.family !== family)
      faults.error(
        'value',
        `virtual_address: IPv4 and IPv6 stand in one vrrp_instance`,
        address.place,
        'write an instance for each, and a sync_group around them if they belong together',
      );
  for (const peer of peers)
    if (peer.family !== family)
      faults.error('value', `unicast_peer: the addresses of the instance are IPv${family}`, peer.place);
  const place = places.get('source_address');
  if (place && own.source !== undefined && own.source.includes(':') !== (family === 6))
    faults.error('value', `source_address: the addresses of the instance are IPv${family}`, place);
}

function refuseMisfits({ places, site }: InstanceDraft, model: VrrpInstanceModel, faults: Faults): void {
  const { version, family, advertMs, password } = model;
  const refuse = (name: string, message: string, hint: string) =>
    faults.error('value', `${name}: ${message}`, places.get(name) ?? site, hint);
  const { unitMs, mostMs, says } = INTERVAL[version];
  if (advertMs < unitMs || advertMs > mostMs || advertMs % unitMs !== 0)
    refuse('advert_interval', `version ${version} cannot say ${advertMs} ms`, says);
  if (version === 2 && family === 6) refuse('version', 'version 2 knows IPv4 only', 'write version 3');
  if (version === 3 && password !== undefined)
    refuse('password', 'version 3 has no authentication', 'take it out, or write version 2');
}

function warnOfIdle(draft: InstanceDraft, model: VrrpInstanceModel, faults: Faults): void {
  const { places } = draft;
  const { priority, preempt, preemptDelayMs } = model;
  const code: DiagnosticCode = 'no-effect';
  const isOwner = priority === OWNER_PRIORITY;
  if (isOwner && !preempt)
    faults.warn(code, 'nopreempt: an owner always takes over', places.get('nopreempt')!);
  else if (!preempt && preemptDelayMs > 0)
    faults.warn(code, 'preempt_delay: nopreempt leaves nothing to delay', places.get('preempt_delay')!);
  for (const { weight, place } of draft.tracks)
    if (isOwner && weight !== undefined)
      faults.warn(
        code,
        'track: the priority of an owner has no weights',
        place,
        'without a weight it is a fault',
      );
}

/** What says who wins, or how it is made known, in an instance that asks nobody. */
const ELECTORAL = ['vrid', 'version', 'priority', 'nopreempt', 'preempt_delay', 'source_address', 'password'];

function refuseElectoral({ places, peers, tracks }: InstanceDraft, faults: Faults): void {
  const refuse = (name: string, place: Site) =>
    faults.error('value', `${name}: there is no election`, place, 'take it out, or take out election off');
  for (const name of ELECTORAL) if (places.has(name)) refuse(name, places.get(name)!);
  for (const { place } of peers) refuse('unicast_peer', place);
  for (const { weight, place } of tracks)
    if (weight !== undefined)
      faults.error(
        'value',
        'track: there is no election that a weight could count in',
        place,
        'without a weight it is a fault, which takes the addresses away',
      );
}

/** Two of one number hear each other's advertisements: on one interface, or, with unicast, on the whole host. */
export function refuseTwins(instances: readonly InstanceDraft[], faults: Faults): void {
  const seen = new Map<string, InstanceDraft>();
  for (const instance of instances) {
    const { own, peers, addresses, places } = instance;
    if (own.vrid === undefined) continue;
    const where = peers.length > 0 ? 'unicast' : own.interface;
    const key = `${where} ${own.vrid} ${addresses[0]?.family}`;
    const twin = seen.get(key);
    if (twin)
      faults.error(
        'value',
        `vrid: "${twin.name}" on line ${twin.site.line} has ${own.vrid}${peers.length > 0 ? '' : ` on ${own.interface}`} too`,
        places.get('vrid') ?? instance.site,
        'take another one',
      );
    seen.set(key, instance);
  }
}
