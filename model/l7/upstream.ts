/** Pools of servers. */
import type { Template } from '../template.ts';
import type { ResolverSettings } from './core.ts';
import type { DiscoveryModel } from './discovery.ts';

export const BALANCE_METHODS = [
  'round-robin',
  'least-conn',
  'ip-hash',
  'hash',
  'hash-consistent',
  'random',
  'random-two',
  'least-time',
  'maglev',
  'ewma',
] as const;
export type BalanceMethod = (typeof BALANCE_METHODS)[number];

/** What a line, or a command, says of a member. */
export const MEMBER_STATES = ['ready', 'drain', 'down'] as const;
/** `drain`: no new sessions, those it has go on; `down`: no requests at all. */
export type CommandedMemberState = (typeof MEMBER_STATES)[number];

export interface MemberModel {
  /** As written: `10.0.0.1:80`, `name:81`, `unix:/path`; the name of the member in logs, state and metrics. */
  readonly name: string;
  /** Where to connect: an IP address, a host name that is to be resolved, or '' beside a socket path. */
  readonly host: string;
  readonly port: number;
  readonly unixPath: string | undefined;
  readonly weight: number;
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  /** 0: no limit. */
  readonly maxConns: number;
  readonly backup: boolean;
  readonly down: boolean;
  readonly drain: boolean;
  /** Whether a host name is looked up again and again while moat runs. */
  readonly resolve: boolean;
  /** Look for SRV records of this service: `http`, or a full `_http._tcp`. */
  readonly service: string | undefined;
  readonly route: string | undefined;
  readonly slowStartMs: number;
}

export interface BalanceModel {
  readonly method: BalanceMethod;
  /** The key of hash, hash-consistent and maglev. */
  readonly key: Template | undefined;
  /** What least-time and random-two compare. */
  readonly by: 'header' | 'last-byte' | 'connections';
  readonly inflight: boolean;
}

export type StickyModel = StickyCookie | StickyRoute | StickyLearn;

export interface StickyCookie {
  readonly kind: 'cookie';
  readonly name: string;
  readonly expiresS: number | 'max' | undefined;
  readonly domain: Template | undefined;
  readonly path: string | undefined;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: Template | undefined;
}

export interface StickyRoute {
  readonly kind: 'route';
  readonly values: readonly Template[];
}

export interface StickyLearn {
  readonly kind: 'learn';
  readonly create: readonly Template[];
  readonly lookup: readonly Template[];
  readonly zone: { readonly name: string; readonly bytes: number };
  readonly timeoutMs: number;
  /** Learn when the head of the answer is there; else when all of it is. */
  readonly header: boolean;
  /** Shared with the other moats of the cluster. */
  readonly sync: boolean;
}

/** Takes members out for a while by the answers that clients' requests get. */
export interface OutlierModel {
  /** Faulty answers in a row (status 5xx, or none) after which a member is ejected. */
  readonly consecutive: number;
  /** How long the first time; the nth time n times as long. */
  readonly baseMs: number;
  /** After each interval in use without an ejection one of them is forgiven. */
  readonly intervalMs: number;
  /** At most this part of the members is out at a time, but one may always be; and never the last one in use. */
  readonly mostPercent: number;
}

export interface PoolKeepalive {
  /** Idle connections kept by each worker; 0 switches keep-alive off. */
  readonly idle: number;
  readonly requests: number;
  readonly timeMs: number;
  readonly timeoutMs: number;
}

export interface PoolModel {
  readonly name: string;
  /** Those that have lines. */
  readonly members: readonly MemberModel[];
  /** Where others come from. */
  readonly discovery: readonly DiscoveryModel[];
  readonly balance: BalanceModel;
  readonly sticky: StickyModel | undefined;
  /** What cookies are signed with: the first signs, all are accepted. Empty: one that the process draws. */
  readonly stickySecrets: readonly string[];
  readonly keepalive: PoolKeepalive;
  readonly queue: { readonly length: number; readonly timeoutMs: number } | undefined;
  readonly zone: { readonly name: string; readonly bytes: number } | undefined;
  /** The file that keeps the members over restarts. */
  readonly statePath: string | undefined;
  readonly outlier: OutlierModel | undefined;
  /** The name servers for members with `resolve`. */
  readonly resolver: ResolverSettings | undefined;
  readonly resolverTimeoutMs: number | undefined;
}

export const KEEPALIVE_DEFAULTS: PoolKeepalive = {
  idle: 32,
  requests: 1000,
  timeMs: 3_600_000,
  timeoutMs: 60_000,
};
