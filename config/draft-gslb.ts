/** What the directives of the gslb block write into; config/resolve-gslb.ts turns it into the frozen model. */
import type {
  GslbFallback,
  GslbListen,
  GslbModel,
  GslbPolicy,
  GslbSite,
  NameServerModel,
  SoaModel,
} from '#model/gslb.ts';
import type { Writable } from './draft.ts';
import type { CheckDraft } from './draft-l4.ts';
import type { Site } from './lex.ts';

export interface SiteDraft extends GslbSite {
  readonly place: Site;
}

export interface RecordDraft {
  readonly name: string;
  ttlS: number;
  policy: GslbPolicy;
  answers: number;
  fallback: GslbFallback;
  readonly sites: SiteDraft[];
  readonly checks: CheckDraft[];
  readonly places: Map<string, Site>;
  readonly site: Site;
}

export interface ZoneDraft {
  readonly name: string;
  ttlS: number;
  soa: SoaModel | undefined;
  readonly nameServers: (NameServerModel & { readonly place: Site })[];
  readonly records: RecordDraft[];
  readonly site: Site;
}

export interface GslbDraft {
  readonly own: Partial<Writable<Omit<GslbModel, 'listens' | 'zones'>>>;
  readonly listens: GslbListen[];
  readonly zones: ZoneDraft[];
  readonly site: Site;
}

const TTL_S = 30;
const ZONE_TTL_S = 3600;

export const newGslb = (site: Site): GslbDraft => ({ own: {}, listens: [], zones: [], site });

export const newZone = (name: string, site: Site): ZoneDraft => ({
  ...{ name, ttlS: ZONE_TTL_S, soa: undefined, nameServers: [], records: [], site },
});

export const newRecord = (name: string, site: Site): RecordDraft => ({
  ...{ name, ttlS: TTL_S, policy: 'weighted', answers: 1, fallback: { kind: 'all' } },
  ...{ sites: [], checks: [], places: new Map(), site },
});
