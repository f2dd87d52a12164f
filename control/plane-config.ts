/** The part of the model that the L7 plane runs on, with the defaults that only the command line knows. */
import type { PlaneConfig } from '#l7';
import { NO_GEO_PROXIES } from '#model/l7/geoip.ts';
import type { HttpModel } from '#model/l7/http.ts';
import type { ErrorLog } from '#model/l7/log.ts';
import type { Model } from '#model/main.ts';
import { addedEnvironment } from './environment.ts';
import type { Invocation } from './invocation.ts';

/** A configuration without an http block: a process that only waits for one. */
const NO_HTTP: HttpModel = {
  listens: {},
  defaultServers: {},
  servers: [],
  pools: [],
  limitZones: [],
  banSpared: [],
  healthChecks: [],
  kubernetes: [],
  charsets: { names: [], maps: [] },
  variables: [],
  geoDatabases: [],
  geoProxies: NO_GEO_PROXIES,
  wafRules: [],
  wafCollectionsBytes: 0,
  wafCollectionsShared: false,
  answersAcme: false,
  traceExporter: undefined,
  wafEvents: undefined,
};

export function planeConfigOf(model: Model, invocation: Invocation): PlaneConfig {
  const { errorLogs } = model.process;
  return {
    process: model.process,
    errorLogs: errorLogs.length > 0 ? errorLogs : [defaultErrorLog(invocation)],
    http: model.http ?? NO_HTTP,
    env: addedEnvironment(model.process.env),
    sessionStore: model.cluster?.sessionStore,
  };
}

/** Where errors go when no `error_log` says it. */
export function defaultErrorLog({ errorLog }: Invocation): ErrorLog {
  const target =
    errorLog === 'stderr' ? ({ kind: 'stderr' } as const) : ({ kind: 'file', path: errorLog } as const);
  return { target, level: 'error' };
}
