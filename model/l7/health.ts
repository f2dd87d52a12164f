/** Active health checks: what is asked of the members of a pool, and which answers are good. */
import type { Pattern, Template } from '../template.ts';
import type { ProxySettings } from './proxy.ts';
import type { ProxyTlsSettings } from './proxy-tls.ts';

export const HEALTH_CHECK_TYPES = ['http', 'tcp', 'grpc'] as const;
export type HealthCheckType = (typeof HEALTH_CHECK_TYPES)[number];

/** One test of an answer; all of a `match` block must hold. */
export type MatchTest =
  | {
      readonly test: 'status';
      /** Ranges from, to; both included. */
      readonly ranges: readonly (readonly [number, number])[];
      readonly negated: boolean;
    }
  | { readonly test: 'header'; readonly name: string; readonly present: boolean }
  | {
      readonly test: 'header-value';
      readonly name: string;
      readonly value: string | Pattern;
      readonly negated: boolean;
    }
  | { readonly test: 'body'; readonly pattern: Pattern; readonly negated: boolean }
  /** None of them is empty or `0`. */
  | { readonly test: 'require'; readonly values: readonly Template[] };

export interface MatchModel {
  readonly name: string;
  readonly tests: readonly MatchTest[];
}

export interface HealthCheckModel {
  /** Name of a pool. */
  readonly pool: string;
  readonly type: HealthCheckType;
  readonly scheme: 'http' | 'https';
  readonly uri: string;
  readonly intervalMs: number;
  /** Each check is late by a random time up to this. */
  readonly jitterMs: number;
  /** In a row, until a member counts as unhealthy. */
  readonly fails: number;
  /** In a row, until it counts as healthy. */
  readonly passes: number;
  /** Undefined: a status of 2xx or 3xx. */
  readonly match: MatchModel | undefined;
  /** Undefined: the port of the member. */
  readonly port: number | undefined;
  /** Members are not used before their first check passed. */
  readonly mandatory: boolean;
  /** A reload keeps members in use that were. */
  readonly persistent: boolean;
  /** The service that is asked for; '' is the server as a whole. */
  readonly grpcService: string;
  /** A gRPC status that is as good as SERVING, for servers without the health protocol. */
  readonly grpcStatus: number | undefined;
  /** How long a connection may be used for checks; undefined: for one. */
  readonly keepaliveMs: number | undefined;
  /** Of the location: headers, timeouts, TLS. */
  readonly proxy: ProxySettings;
  readonly proxyTls: ProxyTlsSettings;
  readonly site: { readonly file: string; readonly line: number };
}
