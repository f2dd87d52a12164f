/** Pools of servers. */
import type { Template } from '../template.ts';

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

export interface MemberModel {
  /** As written: `10.0.0.1:80`, `name:81`, `unix:/path`; the name of the member in logs, state and metrics. */
  readonly name: string;
  /** Where to connect: an address, a name to resolve, or a socket path. */
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
  readonly resolve: boolean;
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

export type StickyModel =
  | {
      readonly kind: 'cookie';
      readonly name: string;
      readonly expiresS: number | 'max' | undefined;
      readonly domain: Template | undefined;
      readonly path: Template | undefined;
      readonly httpOnly: boolean;
      readonly secure: boolean;
      readonly sameSite: string | undefined;
    }
  | { readonly kind: 'route'; readonly values: readonly Template[] }
  | {
      readonly kind: 'learn';
      readonly create: readonly Template[];
      readonly lookup: readonly Template[];
      readonly zone: { readonly name: string; readonly bytes: number };
      readonly timeoutMs: number;
      readonly header: boolean;
      readonly sync: boolean;
    };

export interface PoolKeepalive {
  /** Idle connections kept by each worker; 0 switches keep-alive off. */
  readonly idle: number;
  readonly requests: number;
  readonly timeMs: number;
  readonly timeoutMs: number;
}

export interface PoolModel {
  readonly name: string;
  readonly members: readonly MemberModel[];
  readonly balance: BalanceModel;
  readonly sticky: StickyModel | undefined;
  readonly keepalive: PoolKeepalive;
  readonly queue: { readonly length: number; readonly timeoutMs: number } | undefined;
  readonly zone: { readonly name: string; readonly bytes: number } | undefined;
  /** The file that keeps the members over restarts. */
  readonly statePath: string | undefined;
}

export const KEEPALIVE_DEFAULTS: PoolKeepalive = {
  idle: 32,
  requests: 1000,
  timeMs: 3_600_000,
  timeoutMs: 60_000,
};
