/** The whole configuration, resolved and frozen: what config/ makes and the planes run on. */
import type { ApiModel } from './api.ts';
import type { ClusterModel } from './cluster/cluster.ts';
import type { GslbModel } from './gslb.ts';
import type { L4Model } from './l4/l4.ts';
import type { AcmeModel } from './l7/acme.ts';
import type { HttpModel } from './l7/http.ts';
import type { ErrorLog } from './l7/log.ts';

/** What the L7 process keeps of root's powers: for proxy_bind ... transparent. */
export type KeptCapability = 'net_raw';

export interface ProcessModel {
  readonly daemon: boolean;
  readonly pidPath: string;
  readonly user: { readonly name: string; readonly group: string } | undefined;
  readonly capabilities: readonly KeptCapability[];
  /** Worker threads; at least 1. */
  readonly workers: number;
  readonly workerConnections: number;
  /** RLIMIT_NOFILE; undefined keeps the process's own. */
  readonly fileLimit: number | undefined;
  /** 0: wait for the last connection. */
  readonly shutdownTimeoutMs: number;
  readonly errorLogs: readonly ErrorLog[];
  /** Names of environment variables to keep, or to set with a value. */
  readonly env: readonly string[];
}

export interface Model {
  /** Relative paths in the configuration are taken from here; ends with `/`. */
  readonly prefix: string;
  readonly process: ProcessModel;
  readonly http: HttpModel | undefined;
  /** Undefined: no authority is asked for certificates. */
  readonly acme?: AcmeModel | undefined;
  readonly l4: L4Model | undefined;
  readonly cluster: ClusterModel | undefined;
  readonly api: ApiModel | undefined;
  readonly gslb: GslbModel | undefined;
}
