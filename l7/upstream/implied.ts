/** The pool that a `proxy_pass` to a plain address stands for. */
import { KEEPALIVE_DEFAULTS, type PoolModel } from '#model/l7/upstream.ts';

/**
 * A pool of one member; of several where a name resolves to several addresses.
 *
 * @param authority `host`, `host:port`, `[ipv6]:port` or `unix:/path`
 */
export function impliedPool(authority: string, defaultPort: number): PoolModel {
  const unix = authority.startsWith('unix:') ? authority.slice(5) : undefined;
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(authority);
  const host = unix === undefined ? (match?.[1] ?? match?.[2] ?? '') : '';
  const member = {
    name: authority,
    host,
    port: match?.[3] ? Number(match[3]) : defaultPort,
    unixPath: unix,
    weight: 1,
    maxFails: 1,
    failTimeoutMs: 10_000,
    maxConns: 0,
    backup: false,
    down: false,
    drain: false,
    resolve: false,
    service: undefined,
    route: undefined,
    slowStartMs: 0,
  };
  return {
    name: impliedName(authority, defaultPort),
    members: [member],
    discovery: [],
    balance: { method: 'round-robin', key: undefined, by: 'connections', inflight: false },
    sticky: undefined,
    stickySecrets: [],
    keepalive: KEEPALIVE_DEFAULTS,
    queue: undefined,
    zone: undefined,
    statePath: undefined,
    outlier: undefined,
    resolver: undefined,
    resolverTimeoutMs: undefined,
  };
}

/** No upstream block has a name with a blank. */
export const isImpliedName = (pool: string): boolean => pool.includes(' ');

const impliedName = (authority: string, defaultPort: number) => `${authority} ${defaultPort}`;
