/** The draft of the gslb block to its frozen model, and what in it does not go together. */
import { suggest } from '#kit/suggest.ts';
import { type GslbModel, type GslbRecord, type GslbZone, nameOfWatched } from '#model/gslb.ts';
import type { L4CheckModel, L4CheckType } from '#model/l4/health.ts';
import type { Faults } from './diagnostic.ts';
import { isWithinZone } from './domain-name.ts';
import type { GslbDraft, RecordDraft, SiteDraft, ZoneDraft } from './draft-gslb.ts';
import type { CheckDraft } from './draft-l4.ts';

const NO_SOA = {
  ...{ primary: '', mailbox: '', serial: 1, refreshS: 0, retryS: 0, expireS: 0, minimumS: 0 },
};
const RATE_LIMIT = { perSecond: 200, burst: 400, slip: 2 } as const;
/** Where a site is asked when the check does not say. */
const PORTS: { readonly [T in L4CheckType]?: number } = {
  ...{ http: 80, https: 443, dns: 53, smtp: 25, redis: 6379, mysql: 3306, postgres: 5432 },
};
const PORTLESS: ReadonlySet<L4CheckType> = new Set(['ping', 'script', 'file']);

export function resolveGslb(draft: GslbDraft, faults: Faults): GslbModel {
  const { own, listens, zones, site } = draft;
  const refuse = (what: string, hint: string) =>
    faults.error('incomplete', `gslb has no ${what}`, site, hint);
  if (listens.length === 0) refuse('listen', 'add listen ADDRESS; the port is 53 if absent');
  if (zones.length === 0) refuse('zone', 'add zone NAME { ... }');
  warnOfPlacelessGeo(draft, faults);
  return {
    rateLimit: RATE_LIMIT,
    clientSubnet: true,
    geoDatabase: undefined,
    ...own,
    listens,
    zones: zones.map(zone => resolveZone(zone, faults)),
  };
}

function resolveZone(draft: ZoneDraft, faults: Faults): GslbZone {
  const { name, ttlS, soa, nameServers, records, site } = draft;
  if (!soa) faults.error('incomplete', `zone "${name}" has no soa`, site, 'add soa PRIMARY MAILBOX;');
  if (nameServers.length === 0)
    faults.error('incomplete', `zone "${name}" has no name server`, site, 'add ns NAME ADDRESS;');
  for (const server of nameServers) {
    const isInside = isWithinZone(server.name, name);
    if (isInside && server.addresses.length === 0)
      faults.error(
        'value',
        `ns: "${server.name}" is within the zone, and has no address`,
        server.place,
        'write them behind the name',
      );
    if (!isInside && server.addresses.length > 0)
      faults.error(
        'value',
        `ns: "${server.name}" is not within the zone: its addresses are not ours to tell`,
        server.place,
        'take them out',
      );
  }
  for (const record of records)
    if (nameServers.some(one => one.name === record.name))
      faults.error(
        'value',
        `record: "${record.name}" is a name server already`,
        record.site,
        'take another name',
      );
  return {
    ...{ name, ttlS, soa: soa ?? NO_SOA },
    nameServers: nameServers.map(({ place: _, ...server }) => server),
    records: records.map(record => resolveRecord(record, faults)),
  };
}

function resolveRecord(draft: RecordDraft, faults: Faults): GslbRecord {
  const { name, ttlS, policy, answers, fallback, sites, checks, site } = draft;
  if (sites.length === 0)
    faults.error('incomplete', `record "${name}" has no sites`, site, 'add site NAME ADDRESS;');
  if (sites.length > 0 && sites.every(({ backup }) => backup))
    faults.warn('no-effect', `record: all sites of "${name}" are backups`, site, 'then none is');
  return {
    ...{ name, ttlS, policy, answers, fallback },
    sites: sites.map(({ place: _, ...one }) => one),
    checks: checks.map(check => resolveCheck(check, sites, faults)),
    site: { file: site.file, line: site.line },
  };
}

function resolveCheck(
  { place, ...check }: CheckDraft,
  sites: readonly SiteDraft[],
  faults: Faults,
): L4CheckModel {
  const names = sites.map(({ name }) => name);
  for (const name of check.only)
    if (!names.includes(name)) {
      const near = suggest(name, names);
      const hint = near ? `did you mean "${near}"?` : 'write it as on its line';
      faults.error('value', `health_check: no site is called "${name}"`, place, hint);
    }
  const { type } = check.question;
  const port = check.port ?? PORTS[type];
  if (port === undefined && !PORTLESS.has(type))
    faults.error('value', `health_check: ${type} does not know which port to ask`, place, 'write port=');
  const only = sites
    .filter(({ name }) => check.only.includes(name))
    .flatMap(({ name, addresses }) => addresses.map(address => nameOfWatched(name, address)));
  return { ...check, port, only, site: { file: place.file, line: place.line } };
}

/** Where nobody's place is known, all clients are for all sites. */
function warnOfPlacelessGeo({ own, zones }: GslbDraft, faults: Faults): void {
  if (own.geoDatabase) return;
  for (const { policy, sites, places, site } of zones.flatMap(({ records }) => records))
    if (policy === 'geo' && !sites.some(({ networks }) => networks.length > 0))
      faults.warn(
        'no-effect',
        'policy: geo knows no place of any client',
        places.get('policy') ?? site,
        'add geo_database FILE to the gslb block',
      );
}
