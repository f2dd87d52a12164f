/** What the directives write into while a file is checked; config/resolve.ts turns it into the frozen model. */

import type { Cidr } from '#kit/cidr.ts';
import type { AutoscaleModel } from '#model/autoscale.ts';
import type { L4Model } from '#model/l4/l4.ts';
import type { CharsetMap } from '#model/l7/charset.ts';
import type { TryFiles } from '#model/l7/core.ts';
import type { DiscoveryModel } from '#model/l7/discovery.ts';
import { type GeoDatabase, type GeoProxies, NO_GEO_PROXIES } from '#model/l7/geoip.ts';
import type { HealthCheckModel, MatchModel, MatchTest } from '#model/l7/health.ts';
import type { ContentModel, ListenModel, LocationMatch, ServerCore, ServerName } from '#model/l7/http.ts';
import type { KubernetesModel } from '#model/l7/kubernetes.ts';
import type { LimitZone } from '#model/l7/limit.ts';
import type { AccessLog, LogFormat } from '#model/l7/log.ts';
import type { RewriteStep } from '#model/l7/rewrite.ts';
import type { Settings } from '#model/l7/settings.ts';
import type { CertificateModel, ClientOcspModel, FileText, ServerTls, StaplingModel } from '#model/l7/tls.ts';
import { KEEPALIVE_DEFAULTS, type MemberModel, type PoolModel } from '#model/l7/upstream.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import { DEFAULT_COLLECTIONS_BYTES } from '#model/l7/waf.ts';
import type { ProcessModel } from '#model/main.ts';
import type { Template } from '#model/template.ts';
import type { WafEventStore } from '#model/waf-event.ts';
import type { CommandEffects } from './directives/tls-command.ts';
import type { AcmeCertificateDraft, AcmeIssuerDraft } from './draft-acme.ts';
import type { ApiDraft } from './draft-api.ts';
import type { ClusterDraft } from './draft-cluster.ts';
import type { GslbDraft } from './draft-gslb.ts';
import { newTrace, type TraceDraft } from './draft-trace.ts';
import type { Site, Token } from './lex.ts';

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The settings a block gives itself; what is absent is inherited. */
export type OwnSettings = { [K in keyof Settings]?: Partial<Writable<Settings[K]>> };

export interface LocationDraft {
  match: LocationMatch;
  label: string;
  site: Site;
  own: OwnSettings;
  rewrite: RewriteStep[];
  content: ContentModel | undefined;
  internal: boolean;
  tryFiles: TryFiles | undefined;
  autoRedirect: boolean;
  limitExcept: { methods: readonly string[]; location: LocationDraft } | undefined;
  conditional: LocationDraft[];
  locations: LocationDraft[];
  /** Where each location that is found by its text stands, for finding duplicates. */
  taken: Map<string, Site> | undefined;
}

export interface ListenDraft {
  key: string;
  listen: ListenModel;
  /** Whether the line sets options of the socket: only one line of an address may. */
  setsSocket: boolean;
  site: Site;
}

/** TLS as a block sets it; certificates and keys are paired when all is read. */
export interface TlsDraft {
  settings: Partial<Writable<Omit<ServerTls, 'certificates' | 'stapling' | 'ocsp'>>>;
  /** Undefined: those of the block around. */
  certificates: Token[] | undefined;
  keys: Token[] | undefined;
  /** Passphrases of the keys. */
  passwords: readonly string[] | undefined;
  stapling: Partial<Writable<StaplingModel>> & { on?: boolean };
  ocsp: Partial<Writable<Omit<ClientOcspModel, 'scope'>>> & { scope?: 'off' | 'leaf' | 'on' };
  /** Of ssl_conf_command; undefined: those of the block around. */
  commands: CommandEffects | undefined;
}

export interface ServerDraft {
  names: ServerName[];
  /** What needs the whole block: called at its end. */
  readonly whenRead: (() => void)[];
  serverName: string;
  listens: ListenDraft[];
  core: Partial<Writable<ServerCore>>;
  tls: TlsDraft;
  acme: AcmeCertificateDraft | undefined;
  root: LocationDraft;
  site: Site;
}

export type PoolDraft = Writable<PoolModel> & {
  members: MemberModel[];
  discovery: DiscoveryModel[];
  stickySecrets: string[];
};

export interface HttpDraft {
  own: OwnSettings;
  core: Partial<Writable<ServerCore>>;
  tls: TlsDraft;
  servers: ServerDraft[];
  /** By their names in lower case. */
  pools: Map<string, PoolModel>;
  logFormats: Map<string, LogFormat>;
  /** How the lines of each access log file are held, with the line that said so first. */
  logBuffers: Map<string, Pick<AccessLog, 'bufferBytes' | 'flushMs' | 'gzipLevel'> & { readonly site: Site }>;
  /** Names of charsets in lower case, with how they are spelled. */
  charsets: { readonly names: Map<string, string>; readonly maps: CharsetMap[] };
  variables: Map<string, UserVariable>;
  /** By their absolute paths. */
  geoDatabases: Map<string, GeoDatabase>;
  geoProxies: GeoProxies;
  wafCollectionsBytes: number;
  wafCollectionsShared: boolean;
  /** `default`: no directive says. */
  wafEvents: WafEventStore | 'default' | undefined;
  /** Texts with variables, read once each. */
  templates: Map<string, Template>;
  limitZones: LimitZone[];
  banSpared: Cidr[];
  /** Zones that limit_req, limit_conn and limit_ban name: they may be defined below. */
  limitUses: { kind: LimitZone['kind']; zone: string; site: Site }[];
  /** Where proxy_pass leads, as it is written: a pool may be defined below. */
  proxied: { authority: string; site: Site }[];
  /** Pools that redirect_balance names: likewise. */
  redirected: { pool: string; site: Site }[];
  /** Every variable that was named, with the first place that named it. */
  used: Map<string, Site>;
  matches: Map<string, MatchModel>;
  healthChecks: HealthCheckDraft[];
  /** Of sticky cookies, for pools that have none of their own. */
  stickySecrets: string[];
  /** Sources of routes, with the servers that they stand in. */
  kubernetes: { readonly server: ServerDraft; readonly model: Omit<KubernetesModel, 'server'> }[];
  /** Members that are looked up while moat runs. */
  resolved: { name: string; pool: PoolDraft; site: Site }[];
  /** How many members pools should have, with the lines that say so. */
  autoscales: { readonly model: AutoscaleModel; readonly site: Site }[];
  /** Shared zones by name: two directives of different kinds must not share one. */
  zones: Map<string, { kind: string; bytes: number; site: Site }>;
  /** Files whose content goes into the model, by absolute path. */
  files: Map<string, FileText>;
  /** Certificates with their keys, so that servers that name the same ones share them. */
  certificates: Map<string, CertificateModel>;
  /** By name. */
  acmeIssuers: Map<string, AcmeIssuerDraft>;
  trace: TraceDraft;
}

export type MatchDraft = { name: string; tests: MatchTest[] };

/** A health check as written; what it runs on is known when all is read. */
export interface HealthCheckDraft {
  check: Omit<HealthCheckModel, 'pool' | 'scheme' | 'match' | 'proxy' | 'proxyTls' | 'site'>;
  matchName: string | undefined;
  location: LocationDraft;
  /** The settings of the location and of each block around it up to http, outermost first. */
  owns: readonly OwnSettings[];
  site: Site;
}

export interface MainDraft {
  process: Partial<Writable<ProcessModel>>;
  http: HttpDraft | undefined;
  l4: L4Model | undefined;
  cluster: ClusterDraft | undefined;
  api: ApiDraft | undefined;
  gslb?: GslbDraft;
}

export function newLocation(match: LocationMatch, label: string, site: Site): LocationDraft {
  return {
    match,
    label,
    site,
    own: {},
    rewrite: [],
    content: undefined,
    internal: false,
    tryFiles: undefined,
    autoRedirect: false,
    limitExcept: undefined,
    conditional: [],
    locations: [],
    taken: undefined,
  };
}

const newTls = (): TlsDraft => ({
  settings: {},
  certificates: undefined,
  keys: undefined,
  passwords: undefined,
  stapling: {},
  ocsp: {},
  commands: undefined,
});

export function newServer(site: Site): ServerDraft {
  const root = newLocation({ kind: 'none' }, 'server', site);
  return {
    ...{ names: [], whenRead: [], serverName: '', listens: [], core: {}, tls: newTls() },
    ...{ acme: undefined, root, site },
  };
}

export function newPool(name: string): PoolDraft {
  return {
    name,
    members: [],
    discovery: [],
    balance: { method: 'round-robin', key: undefined, by: 'header', inflight: false },
    sticky: undefined,
    stickySecrets: [],
    keepalive: KEEPALIVE_DEFAULTS,
    queue: undefined,
    zone: undefined,
    statePath: undefined,
    outlier: undefined,
    resolver: undefined,
    resolverTimeoutMs: undefined,
  };
}

export function newHttp(): HttpDraft {
  return {
    own: {},
    core: {},
    tls: newTls(),
    servers: [],
    pools: new Map(),
    logFormats: new Map(),
    logBuffers: new Map(),
    charsets: { names: new Map(), maps: [] },
    variables: new Map(),
    geoDatabases: new Map(),
    geoProxies: NO_GEO_PROXIES,
    wafEvents: 'default',
    wafCollectionsBytes: DEFAULT_COLLECTIONS_BYTES,
    wafCollectionsShared: true,
    limitZones: [],
    banSpared: [],
    limitUses: [],
    proxied: [],
    redirected: [],
    templates: new Map(),
    used: new Map(),
    matches: new Map(),
    healthChecks: [],
    autoscales: [],
    stickySecrets: [],
    kubernetes: [],
    resolved: [],
    zones: new Map(),
    files: new Map(),
    certificates: new Map(),
    acmeIssuers: new Map(),
    trace: newTrace(),
  };
}
