/** limit_req, limit_conn and limit_ban: zones of the http block, and what a location asks of them. */
import type { Cidr } from '#kit/cidr.ts';
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
      /** The requests to all moats of the cluster count. */
      readonly sync: boolean;
    }
  | { readonly kind: 'conn'; readonly name: string; readonly bytes: number; readonly key: Template }
  | BanZoneModel;

export interface BanZoneModel {
  readonly kind: 'ban';
  readonly name: string;
  readonly bytes: number;
  readonly key: Template;
  /** The key is the client's address: of IPv6 so many bits of it. Undefined: it is some other text. */
  readonly ip6Bits: number | undefined;
  /** Whether the L4 tier drops packets of who is banned, too. */
  readonly l4: boolean;
  /** Bans hold on all moats of the cluster. */
  readonly sync: boolean;
  /** Where bans outlive the program. */
  readonly statePath: string | undefined;
}

/** What may be counted against a client, beside statuses and variables. */
export const BAN_EVENTS = ['waf', 'challenge', 'limit_req', 'limit_conn'] as const;
export type BanEvent = (typeof BAN_EVENTS)[number];

export interface BanRuleModel {
  readonly zone: string;
  readonly events: readonly BanEvent[];
  /** Statuses of answers. */
  readonly statuses: readonly number[];
  /** An event when it is neither empty nor 0 at the end of the request. */
  readonly conditions: readonly Template[];
  /** So many events ... */
  readonly count: number;
  /** ... within this time ... */
  readonly withinMs: number;
  /** ... are followed by a ban of this time, */
  readonly banMs: number;
  /** ... which doubles with each repetition up to this. Equal to `banMs`: it does not grow. */
  readonly mostMs: number;
}

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
  readonly ban: readonly BanRuleModel[];
  readonly banStatus: number;
  readonly banLogLevel: LogLevel;
  readonly banDryRun: boolean;
  /** Networks of clients that are neither counted nor refused. */
  readonly banSpared: readonly Cidr[];
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
  ban: [],
  banStatus: 403,
  banLogLevel: 'error',
  banDryRun: false,
  banSpared: [],
};
