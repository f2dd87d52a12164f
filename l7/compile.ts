/** The model to tables. Servers and locations are compiled when they are first asked for, so a reload with ten thousand is quick. */
import { VERSION } from '#kit/version.ts';
import type { HttpModel, LocationModel, ServerCore, ServerModel } from '#model/l7/http.ts';
import { filePaths } from './content/file-path.ts';
import { CONTENT } from './content/table.ts';
import { HEADER_FILTERS } from './filter/order.ts';
import { GeoBook } from './geo/book.ts';
import { accessLogs } from './log/access.ts';
import { ErrorLogger, type ErrorSink } from './log/error.ts';
import { openTraffic } from './metrics/traffic.ts';
import { banLog } from './phase/limit-ban.ts';
import { PHASES, SERVER_PHASES } from './phase/order.ts';
import { compileRewrite } from './phase/rewrite.ts';
import type { Phase } from './phase/verdict.ts';
import { compileBrowsers } from './route/browsers.ts';
import { LocationFinder } from './route/locations.ts';
import { compileReferers } from './route/referers.ts';
import { ServerFinder } from './route/server-names.ts';
import { secureLink } from './secure-link.ts';
import type { SharedState } from './shared.ts';
import type { Compiler, LocationTable, ServerTable, Tables } from './tables.ts';
import { spanLog } from './trace/log.ts';
import { compileTrace } from './trace/rules.ts';
import type { PoolViews } from './upstream/pool-views.ts';
import { Pools } from './upstream/pools.ts';
import { UserIds } from './user-id.ts';
import { VariableSpace } from './variable/space.ts';
import { refusedWatch } from './waf/refused.ts';
import { compiledRules } from './waf/rule-shelf.ts';
import type { HeadLimits } from './wire/h1/request-head.ts';
import type { Worker } from './worker.ts';
import { ZoneShelf } from './zone/shelf.ts';

/** Builds the tables of a revision. Nothing of the running one is touched. */
export function compileTables(
  revision: number,
  model: HttpModel,
  worker: Worker,
  shared: SharedState,
  views: PoolViews,
): Tables {
  const zones = new ZoneShelf(shared.zones);
  const databases = new GeoBook(model);
  const variables = new VariableSpace(model.variables, databases);
  const servers: (ServerTable | undefined)[] = [];
  const serverOf = (index: number): ServerTable =>
    (servers[index] ??= compileServer(model.servers[index]!, tables, worker));
  const listeners = new Map<string, ServerFinder>();
  const tables: Tables = {
    revision,
    model,
    variables,
    zones,
    traffic: openTraffic(zones, worker.seat.slot),
    pools: new Pools(model.pools, {
      worker,
      views,
      variables,
      shared: shared.pools,
      memory: name => zones.memory('table', name),
    }),
    listeners,
  };
  // Now, where nobody waits: a large set takes half a second.
  for (const texts of model.wafRules) compiledRules(texts, tables, worker);
  for (const key of Object.keys(model.listens)) listeners.set(key, new ServerFinder(key, model, serverOf));
  return tables;
}

function compileServer(model: ServerModel, tables: Tables, worker: Worker): ServerTable {
  const made = new Map<LocationModel, LocationTable>();
  const tableOf = (location: LocationModel): LocationTable => {
    let table = made.get(location);
    if (!table) {
      table = compileLocation(location, model, tables, worker);
      made.set(location, table);
    }
    return table;
  };
  const named = model.root.locations.filter(location => location.match.kind === 'named');
  const compiler = compilerOf(model.root, model, tables, worker);
  return {
    model,
    root: tableOf(model.root),
    headLimits: headLimits(model.core),
    phases: SERVER_PHASES.map(compile => compile(compiler)).filter(phase => phase !== undefined),
    watchRefused: refusedWatch(compiler),
    locations: new LocationFinder(model.root.locations, tableOf, compiler.text),
    named: new Map(named.map(location => [location.label, tableOf(location)])),
  };
}

function headLimits(core: ServerCore): HeadLimits {
  const { largeHeaderBuffers: large, clientHeaderBufferBytes } = core;
  return {
    lineBytes: Math.max(large.bytes, clientHeaderBufferBytes),
    totalBytes: large.bytes * large.count + clientHeaderBufferBytes,
    maxHeaders: core.maxHeaders,
    ignoreInvalidHeaders: core.ignoreInvalidHeaders,
    underscoresInHeaders: core.underscoresInHeaders,
  };
}

function compilerOf(location: LocationModel, server: ServerModel, tables: Tables, worker: Worker): Compiler {
  return {
    tables,
    variables: tables.variables,
    location,
    server,
    worker,
    text: template => tables.variables.text(template),
  };
}

function compileLocation(
  model: LocationModel,
  server: ServerModel,
  tables: Tables,
  worker: Worker,
): LocationTable {
  const compiler = compilerOf(model, server, tables, worker);
  const { settings, limitExcept } = model;
  const inside = (location: LocationModel) => compileLocation(location, server, tables, worker);
  const conditional = model.conditional.map(inside);
  return {
    model,
    core: settings.core,
    paths: filePaths(compiler),
    isValidReferer: compileReferers(settings.referer),
    isModernBrowser: compileBrowsers(settings.browser),
    secureLink: secureLink(compiler),
    userIds: new UserIds(compiler),
    trace: compileTrace(compiler),
    rewrite: rewriteOf(compiler, conditional),
    phases: compilePhases(compiler),
    headerFilters: HEADER_FILTERS.map(compile => compile(compiler)).filter(filter => filter !== undefined),
    logs: [banLog(compiler), ...accessLogs(compiler), spanLog(compiler)].filter(log => log !== undefined),
    errorLog: errorLogger(settings.log.errorLogs, worker.errorSink, worker),
    errorPages: errorPages(compiler),
    internal: model.internal,
    acceptsTunnels: settings.core.acceptExtendedConnect && model.content.kind === 'proxy',
    autoRedirect: model.autoRedirect && 'uri' in model.match ? model.match.uri : undefined,
    serverToken: serverToken(compiler),
    limitExcept: limitExcept && {
      methods: new Set(limitExcept.methods),
      location: inside(limitExcept.location),
    },
    conditional,
  };
}

function rewriteOf(compiler: Compiler, conditional: readonly LocationTable[]): LocationTable['rewrite'] {
  const { location, worker } = compiler;
  const program = compileRewrite(location.rewrite, compiler, conditional);
  // The server's own rewrites come before a location is found.
  if (!program || !worker.observer || location.match.kind === 'none') return program;
  return worker.observer.watchRewrite(program, location);
}

/** `limitReqPhase` is told of as `limit_req`; the makers of access checks have no names of their own. */
const directiveOf = (maker: string) =>
  maker.replace(/Phase$/, '').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`) || 'access';

function compilePhases(compiler: Compiler): Phase[] {
  const { location, worker } = compiler;
  const rows = PHASES.map(compile => ({ name: directiveOf(compile.name), phase: compile(compiler) }));
  const present = rows.filter((row): row is { name: string; phase: Phase } => row.phase !== undefined);
  const phases = present.map(({ phase }) => phase);
  if (worker.observer)
    return worker.observer.watch(
      phases,
      present.map(({ name }) => name),
      location,
    );
  return [...phases, CONTENT[location.content.kind](location.content as never, compiler)];
}

function errorLogger(
  own: LocationModel['settings']['log']['errorLogs'],
  sink: ErrorSink,
  worker: Worker,
): ErrorLogger {
  return new ErrorLogger(own.length > 0 ? own : worker.errorLogs, sink);
}

function serverToken({ location, text }: Compiler): LocationTable['serverToken'] {
  const { serverTokens } = location.settings.core;
  if (typeof serverTokens === 'object') return text(serverTokens.text);
  return text(serverTokens === 'off' ? 'moat' : `moat/${VERSION}`);
}

/** The first `error_page` that names a status wins. */
function errorPages({ location, text }: Compiler): LocationTable['errorPages'] {
  const pages = new Map();
  for (const page of location.settings.core.errorPages) {
    const table = { answer: page.answer, target: text(page.target) };
    for (const status of page.statuses) if (!pages.has(status)) pages.set(status, table);
  }
  return pages;
}
