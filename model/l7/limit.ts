/** limit_req and limit_conn: zones of the http block, and what a location asks of them. */
import type { Template } from '../template.ts';
import type { LogLevel } from './log.ts';

export type LimitZone =
  | {
      readonly kind: 'req';
      readonly name: string;
      readonly bytes: number;
      readonly key: Template;
      /** Thousandths of a request per second: `10r/s` is 10000, `30r/m` is 500. */
      readonly rate: number;
    }
  | { readonly kind: 'conn'; readonly name: string; readonly bytes: number; readonly key: Template };

export interface ReqLimitModel {
  readonly zone: string;
  /** Whole requests. */
  readonly burst: number;
  /** Requests above which is delayed; Infinity with `nodelay`. */
  readonly delay: number;
}

export interface ConnLimitModel {
  readonly zone: string;
  readonly most: number;
}

export interface LimitSettings {
  readonly req: readonly ReqLimitModel[];
  readonly reqStatus: number;
  /** Of refusals; delays are told one level lower. */
  readonly reqLogLevel: LogLevel;
  readonly reqDryRun: boolean;
  readonly conn: readonly ConnLimitModel[];
  readonly connStatus: number;
  readonly connLogLevel: LogLevel;
  readonly connDryRun: boolean;
}

export const LIMIT_DEFAULTS: LimitSettings = {
  req: [],
  reqStatus: 503,
  reqLogLevel: 'error',
  reqDryRun: false,
  conn: [],
  connStatus: 503,
  connLogLevel: 'error',
  connDryRun: false,
};
