/** Drafts to the frozen model: settings inherited, listeners gathered, names held against what is defined. */

import { suggest } from '#kit/suggest.ts';
import type { ContentModel, HttpModel, LocationModel, ServerCore, ServerModel } from '#model/l7/http.ts';
import { DEFAULT_SETTINGS, type Settings } from '#model/l7/settings.ts';
import { isBuiltInVariable, VARIABLE_NAMES } from '#model/l7/variables.ts';
import type { Model, ProcessModel } from '#model/main.ts';
import { DEFAULT_EVENTS_BYTES, type WafEventStore } from '#model/waf-event.ts';
import type { HttpDraft, LocationDraft, ServerDraft } from './draft.ts';
import { inheritSettings } from './inherit.ts';
import { nginxVariableHint } from './nginx-only/variables.ts';
import { type AcmeResolution, resolveAcme } from './resolve-acme.ts';
import { resolveApi } from './resolve-api.ts';
import { checkCharsets } from './resolve-charset.ts';
import { resolveCluster } from './resolve-cluster.ts';
import { withSync } from './resolve-flow-sync.ts';
import { resolveGslb } from './resolve-gslb.ts';
import { addDefaultListen, defaultServers, gatherListens, warnOfTakenNames } from './resolve-listen.ts';
import { resolveHealthChecks, resolvePools } from './resolve-pools.ts';
import { checkProxyTls } from './resolve-proxy-tls.ts';
import { checkRedirects, checkTargets } from './resolve-targets.ts';
import { refuseBareListeners, TlsResolver } from './resolve-tls.ts';
import { resolveExporter } from './resolve-trace.ts';
import type { Surroundings } from './scope.ts';

const SERVER_CORE_DEFAULTS: ServerCore = {
  clientHeaderTimeoutMs: 60_000,
  clientHeaderBufferBytes: 1024,
  largeHeaderBuffers: { count: 4, bytes: 8192 },
  mergeSlashes: true,
  ignoreInvalidHeaders: true,
  underscoresInHeaders: false,
  maxHeaders: 1000,
  http2: false,
  http2ExtendedConnect: false,
  http2MaxConcurrentStreams: 128,
  http2BodyPrereadBytes: 65_536,
};

/** Builds the model; faults that only show when all is read go to `around.faults`. */
export function resolveModel(around: Surroundings): Model {
  const { main, prefix } = around;
  const process: ProcessModel = {
    daemon: true,
    pidPath: `${prefix}logs/moat.pid`,
    user: undefined,
    capabilities: [],
    workers: 1,
    workerConnections: 512,
    fileLimit: undefined,
    shutdownTimeoutMs: 0,
    errorLogs: [],
    env: [],
    ...main.process,
  };
  const acme = main.http && resolveAcme(main.http, around);
  const http = main.http && acme && resolveHttp(main.http, acme, around);
  const cluster = main.cluster && resolveCluster(main.cluster, { l4: main.l4, http }, around.faults);
  const l4 = withSync(main.l4, main.cluster?.flowSync, around.faults);
  const autoscales = main.http?.autoscales ?? [];
  const api = main.api && resolveApi(main.api, autoscales, around);
  if (!api) refuseAutoscales(autoscales, around);
  const gslb = main.gslb && resolveGslb(main.gslb, around.faults);
  return { prefix, process, http, acme: acme?.model, l4, cluster, api, gslb };
}

/** The process of the API measures and acts. */
function refuseAutoscales(autoscales: HttpDraft['autoscales'], { faults }: Surroundings): void {
  for (const { site } of autoscales)
    faults.error('incomplete', 'autoscale needs an api block', site, 'write api { } beside the http block');
}

function resolveHttp(draft: HttpDraft, acme: AcmeResolution, around: Surroundings): HttpModel {
  const settings = inheritSettings(withPrefix(DEFAULT_SETTINGS, around.prefix), draft.own);
  const core = { ...SERVER_CORE_DEFAULTS, ...draft.core };
  for (const server of draft.servers)
    if (server.listens.length === 0) addDefaultListen(server, around.asRoot);
  const listens = gatherListens(draft, around);
  warnOfTakenNames(draft, around);
  const defaults = defaultServers(draft, around);
  const resolver = new TlsResolver(draft, around, acme.idOf);
  const tls = new Map(draft.servers.map(server => [server, resolver.resolve(server, listens)]));
  refuseBareListeners(draft, listens, defaults, server => tls.get(server), around);
  refuseUnknownVariables(draft, around);
  refuseUnknownZones(draft, around);
  checkTargets(draft, around);
  checkRedirects(draft, around);
  const servers = draft.servers.map(server => resolveServer(server, settings, core, tls.get(server)));
  checkProxyTls(servers, around);
  checkCharsets(servers, draft, around);
  return {
    listens,
    defaultServers: defaults,
    servers,
    pools: resolvePools(draft, settings, around),
    limitZones: draft.limitZones,
    banSpared: draft.banSpared,
    healthChecks: resolveHealthChecks(draft, settings, around),
    kubernetes: draft.kubernetes.map(({ server, model }) => ({
      ...model,
      server: draft.servers.indexOf(server),
    })),
    charsets: { names: [...draft.charsets.names.keys()], maps: draft.charsets.maps },
    variables: [...draft.variables.values()],
    geoDatabases: [...draft.geoDatabases.values()],
    geoProxies: draft.geoProxies,
    wafRules: [],
    wafCollectionsBytes: draft.wafCollectionsBytes,
    wafCollectionsShared: draft.wafCollectionsShared,
    answersAcme: acme.model !== undefined,
    traceExporter: resolveExporter(draft.trace, around.faults),
    wafEvents: draft.wafEvents === 'default' ? defaultWafEvents(around.prefix) : draft.wafEvents,
  };
}

/** Default paths start at the prefix, like written ones. */
function withPrefix(settings: Settings, prefix: string): Settings {
  const { core, log, proxy } = settings;
  const accessLogs = log.accessLogs.map(entry => ({
    ...entry,
    target: { kind: 'file' as const, path: `${prefix}logs/access.log` },
  }));
  return {
    ...settings,
    core: { ...core, prefix, root: `${prefix}html`, clientBodyTempPath: prefix + core.clientBodyTempPath },
    proxy: { ...proxy, tempPath: prefix + proxy.tempPath },
    log: { ...log, accessLogs },
  };
}

function refuseUnknownZones(draft: HttpDraft, around: Surroundings): void {
  for (const { kind, zone, site } of draft.limitUses) {
    if (draft.limitZones.some(known => known.kind === kind && known.name === zone)) continue;
    const near = suggest(
      zone,
      draft.limitZones.filter(known => known.kind === kind).map(known => known.name),
    );
    const hint = near ? `did you mean "${near}"?` : `define it with limit_${kind}_zone in http`;
    around.faults.error('unknown-zone', `unknown limit_${kind} zone "${zone}"`, site, hint);
  }
}

function refuseUnknownVariables(draft: HttpDraft, around: Surroundings): void {
  for (const [name, site] of draft.used) {
    if (/^[1-9]$/.test(name) || draft.variables.has(name) || isBuiltInVariable(name)) continue;
    const nginx = nginxVariableHint(name);
    if (nginx !== undefined) {
      const message = `"$${name}" is a variable of nginx that moat does not implement`;
      around.faults.error('not-implemented', message, site, nginx);
      continue;
    }
    const near = suggest(name, [...draft.variables.keys(), ...VARIABLE_NAMES]);
    around.faults.error(
      'unknown-variable',
      `unknown variable "$${name}"`,
      site,
      near ? `did you mean "$${near}"?` : undefined,
    );
  }
}

function resolveServer(
  draft: ServerDraft,
  settings: Settings,
  core: ServerCore,
  tls: ServerModel['tls'],
): ServerModel {
  const names = draft.names.length ? draft.names : [{ kind: 'exact' as const, hostname: '' }];
  return {
    names,
    serverName: draft.serverName,
    listens: draft.listens.map(listen => listen.key),
    core: Object.keys(draft.core).length === 0 ? core : { ...core, ...draft.core },
    tls,
    root: resolveLocation(draft.root, settings, { content: undefined, internal: false }),
    site: { file: draft.site.file, line: draft.site.line },
  };
}

/** What a location takes over from the one around it, beside the settings. */
interface Outer {
  /** Only `if` and `limit_except` blocks take it over. */
  readonly content: ContentModel | undefined;
  readonly internal: boolean;
}

function resolveLocation(draft: LocationDraft, around: Settings, outer: Outer): LocationModel {
  const settings = inheritSettings(around, draft.own);
  const content = draft.content ?? outer.content ?? { kind: 'static' };
  const internal = draft.internal || outer.internal;
  return {
    match: draft.match,
    label: draft.label,
    site: { file: draft.site.file, line: draft.site.line },
    settings,
    rewrite: draft.rewrite,
    content,
    internal,
    tryFiles: draft.tryFiles,
    autoRedirect: draft.autoRedirect,
    limitExcept: draft.limitExcept && {
      methods: draft.limitExcept.methods,
      location: resolveLocation(draft.limitExcept.location, settings, { content, internal }),
    },
    conditional: resolveLocations(draft.conditional, settings, { content, internal }),
    locations: resolveLocations(draft.locations, settings, { content: undefined, internal }),
  };
}

const NONE: readonly LocationModel[] = [];

const resolveLocations = (
  drafts: readonly LocationDraft[],
  around: Settings,
  outer: Outer,
): readonly LocationModel[] =>
  drafts.length === 0 ? NONE : drafts.map(draft => resolveLocation(draft, around, outer));

const defaultWafEvents = (prefix: string): WafEventStore => ({
  path: `${prefix}logs/waf-events.db`,
  limitBytes: DEFAULT_EVENTS_BYTES,
});
