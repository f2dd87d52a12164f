/** The plain host names that requests are passed to: each stands for a pool that no upstream block describes. */
import { isIP } from 'node:net';
import type { HttpModel, LocationModel } from '#model/l7/http.ts';
import type { PoolModel } from '#model/l7/upstream.ts';
import { impliedPool } from './implied.ts';

/** Pools for all `proxy_pass http://name` that are known when the configuration is read, each once. */
export function impliedByName(model: HttpModel): PoolModel[] {
  const known = new Set(model.pools.map(pool => pool.name.toLowerCase()));
  const found = new Map<string, PoolModel>();
  for (const server of model.servers) visit(server.root);
  return [...found.values()];

  function visit(location: LocationModel): void {
    const { content } = location;
    if (content.kind === 'proxy' && !content.target.dynamic && typeof content.target.authority === 'string') {
      const { authority, scheme } = content.target;
      if (!known.has(authority.toLowerCase())) add(authority, scheme === 'https' ? 443 : 80);
    }
    for (const inside of location.locations) visit(inside);
    for (const inside of location.conditional) visit(inside);
    if (location.limitExcept) visit(location.limitExcept.location);
  }

  function add(authority: string, port: number): void {
    const pool = impliedPool(authority, port);
    const { host, unixPath } = pool.members[0]!;
    if (unixPath === undefined && isIP(host) === 0) found.set(pool.name, pool);
  }
}
