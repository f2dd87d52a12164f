/** The pools of a configuration, and those that a `proxy_pass` to a plain address stands for. */
import { KEEPALIVE_DEFAULTS, type PoolModel } from '#model/l7/upstream.ts';
import type { Worker } from '../worker.ts';
import { Pool } from './pool.ts';

export class Pools {
  readonly #byName = new Map<string, Pool>();
  readonly #worker: Worker;

  constructor(models: readonly PoolModel[], worker: Worker) {
    this.#worker = worker;
    for (const model of models) this.#byName.set(model.name, new Pool(model, worker));
  }

  /** All pools, the implied ones too. */
  all(): IterableIterator<Pool> {
    return this.#byName.values();
  }

  named(name: string): Pool | undefined {
    return this.#byName.get(name);
  }

  /**
   * The pool of that name, or one of a single member for an address.
   *
   * @param authority `host`, `host:port`, `[ipv6]:port` or `unix:/path`
   */
  forAuthority(authority: string, defaultPort: number): Pool {
    const known = this.#byName.get(authority);
    if (known) return known;
    const key = `${authority} ${defaultPort}`;
    const implied = this.#byName.get(key) ?? new Pool(impliedModel(authority, defaultPort), this.#worker);
    this.#byName.set(key, implied);
    return implied;
  }
}

function impliedModel(authority: string, defaultPort: number): PoolModel {
  const unix = authority.startsWith('unix:') ? authority.slice(5) : undefined;
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(authority);
  const member = {
    name: authority,
    host: match?.[1] ?? match?.[2] ?? '',
    port: match?.[3] ? Number(match[3]) : defaultPort,
    unixPath: unix,
    weight: 1,
    maxFails: 0,
    failTimeoutMs: 10_000,
    maxConns: 0,
    backup: false,
    down: false,
    drain: false,
    resolve: true,
    service: undefined,
    route: undefined,
    slowStartMs: 0,
  };
  return {
    name: authority,
    members: [member],
    balance: { method: 'round-robin', key: undefined, by: 'header', inflight: false },
    sticky: undefined,
    keepalive: KEEPALIVE_DEFAULTS,
    queue: undefined,
    zone: undefined,
    statePath: undefined,
    stickySecrets: [],
    outlier: undefined,
    resolver: undefined,
    resolverTimeoutMs: undefined,
  };
}
