/** The http block as the L7 plane receives it: frozen data, settings resolved, slices shared where nothing was overridden. */
import type { Cidr } from '#kit/cidr.ts';
import type { Pattern, Template } from '../template.ts';
import type { WafEventStore } from '../waf-event.ts';
import type { Charsets } from './charset.ts';
import type { TryFiles } from './core.ts';
import type { GeoDatabase, GeoProxies } from './geoip.ts';
import type { HealthCheckModel } from './health.ts';
import type { KubernetesModel } from './kubernetes.ts';
import type { LimitZone } from './limit.ts';
import type { ProxyTarget } from './proxy.ts';
import type { RewriteStep } from './rewrite.ts';
import type { RouteMatch } from './route.ts';
import type { Settings } from './settings.ts';
import type { ServerTls } from './tls.ts';
import type { TraceExporter } from './trace.ts';
import type { PoolModel } from './upstream.ts';
import type { UserVariable } from './variable.ts';
import type { WafRuleTexts } from './waf.ts';

export interface ListenModel {
  readonly kind: 'tcp' | 'unix';
  /** An IPv4 or IPv6 address without brackets (`0.0.0.0`, `::`), or a socket path. */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly http2: boolean;
  readonly proxyProtocol: boolean;
  readonly defaultServer: boolean;
  readonly backlog: number;
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  readonly deferred: boolean;
  readonly fastOpen: number | undefined;
  readonly receiveBufferBytes: number | undefined;
  readonly sendBufferBytes: number | undefined;
  readonly keepalive:
    | { readonly on: boolean; readonly idleS?: number; readonly intervalS?: number; readonly count?: number }
    | undefined;
}

/** One value of `server_name`. `hostname` is lower case. */
export type ServerName =
  | { readonly kind: 'exact'; readonly hostname: string }
  /** `*.example.org` or `.example.org` (that one also adds an exact name): `suffix` is `.example.org`. */
  | { readonly kind: 'leading'; readonly suffix: string }
  /** `www.example.*`: `prefix` is `www.example.`. */
  | { readonly kind: 'trailing'; readonly prefix: string }
  | { readonly kind: 'regex'; readonly pattern: Pattern };

export type LocationMatch =
  | { readonly kind: 'exact' | 'prefix' | 'prefix-final'; readonly uri: string }
  | { readonly kind: 'regex'; readonly pattern: Pattern }
  /** Chosen where this is neither empty nor 0, whatever the URI. */
  | { readonly kind: 'predicate'; readonly value: Template }
  | { readonly kind: 'named'; readonly name: string }
  /** Of objects of others: tried before all that are written, with the requests of clients; the shares inside it answer. */
  | { readonly kind: 'route'; readonly route: RouteMatch }
  | { readonly kind: 'share'; readonly weight: number }
  /** An `if` or `limit_except` block, or the server itself: never found by a URI. */
  | { readonly kind: 'none' };

/** Who answers. */
export type ContentModel =
  | { readonly kind: 'static' }
  | { readonly kind: 'proxy'; readonly target: ProxyTarget }
  | { readonly kind: 'stub-status' | 'metrics' | 'status' }
  | { readonly kind: 'empty-gif' }
  | RedirectBalance;

export const REDIRECT_STATUSES = ['302', '303', '307'] as const;

/** Sends clients to a member of a pool, by the name that it is written with. */
export interface RedirectBalance {
  readonly kind: 'redirect-balance';
  readonly pool: string;
  readonly scheme: 'http' | 'https';
  readonly status: number;
  /** What stands behind the name of the member. */
  readonly uri: Template;
}

export interface LocationModel {
  readonly match: LocationMatch;
  /** As the operator wrote it, for `moat explain` and metrics. */
  readonly label: string;
  readonly site: { readonly file: string; readonly line: number };
  readonly settings: Settings;
  readonly rewrite: readonly RewriteStep[];
  /** Undefined: inherited by `if` blocks, 'static' elsewhere. */
  readonly content: ContentModel;
  readonly internal: boolean;
  readonly tryFiles: TryFiles | undefined;
  /** The location ends in `/` and proxies: a request without the slash is redirected (nginx's auto_redirect). */
  readonly autoRedirect: boolean;
  /** Methods that `limit_except` lets through untouched, and the location for all others. */
  readonly limitExcept: { readonly methods: readonly string[]; readonly location: LocationModel } | undefined;
  /** Anonymous locations of `if` blocks; RewriteStep.location points here. */
  readonly conditional: readonly LocationModel[];
  readonly locations: readonly LocationModel[];
}

export interface ServerCore {
  readonly clientHeaderTimeoutMs: number;
  readonly clientHeaderBufferBytes: number;
  readonly largeHeaderBuffers: { readonly count: number; readonly bytes: number };
  readonly mergeSlashes: boolean;
  readonly ignoreInvalidHeaders: boolean;
  readonly underscoresInHeaders: boolean;
  readonly maxHeaders: number;
  readonly http2: boolean;
  /** Clients are told that they may ask for tunnels (RFC 8441). */
  readonly http2ExtendedConnect: boolean;
  readonly http2MaxConcurrentStreams: number;
  /** Of a request's body before anybody wants it. */
  readonly http2BodyPrereadBytes: number;
}

export interface ServerModel {
  readonly names: readonly ServerName[];
  /** The first name as written: `$server_name`. */
  readonly serverName: string;
  /** Keys of `HttpModel.listens` (`address:port` or `unix:path`). */
  readonly listens: readonly string[];
  readonly core: ServerCore;
  /** Undefined: no TLS listener leads here. Without certificates the default server's are shown. */
  readonly tls: ServerTls | undefined;
  /** The server's own settings, rewrite program and locations, as an unnamed location. */
  readonly root: LocationModel;
  readonly site: { readonly file: string; readonly line: number };
}

export interface HttpModel {
  readonly listens: Readonly<Record<string, ListenModel>>;
  /** Listen key → index of the default server. */
  readonly defaultServers: Readonly<Record<string, number>>;
  readonly servers: readonly ServerModel[];
  readonly pools: readonly PoolModel[];
  readonly limitZones: readonly LimitZone[];
  /** What any limit_ban_spare names: the L4 tier drops none of it. */
  readonly banSpared: readonly Cidr[];
  readonly healthChecks: readonly HealthCheckModel[];
  /** Who is asked for routes. */
  readonly kubernetes: readonly KubernetesModel[];
  readonly charsets: Charsets;
  /** map, geo, geoip2, split_clients, set and captures, in order of definition. */
  readonly variables: readonly UserVariable[];
  /** Each file once that `geoip2` or a rule's SecGeoLookupDb names. */
  readonly geoDatabases: readonly GeoDatabase[];
  readonly geoProxies: GeoProxies;
  /** The rules of the WAF, where a location has it on. */
  readonly wafRules: readonly WafRuleTexts[];
  /** Of shared memory for the persistent collections of the WAF. */
  readonly wafCollectionsBytes: number;
  /** Whether other moats of a session store share them. */
  readonly wafCollectionsShared: boolean;
  /** Whether authorities may come and ask whether a name is ours. */
  readonly answersAcme: boolean;
  /** Who is told of traces; undefined: nobody. */
  readonly traceExporter: TraceExporter | undefined;
  /** Undefined: nothing is kept. */
  readonly wafEvents: WafEventStore | undefined;
}
