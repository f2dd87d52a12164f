/** Pools and their health checks, once all of the http block is read. */
import { suggest } from '#kit/suggest.ts';
import type { HealthCheckModel, MatchModel } from '#model/l7/health.ts';
import type { Settings } from '#model/l7/settings.ts';
import type { PoolModel } from '#model/l7/upstream.ts';
import type { HealthCheckDraft, HttpDraft } from './draft.ts';
import { inheritSettings } from './inherit.ts';
import type { Surroundings } from './scope.ts';

/** Gives pools what they take over from the http block. @param settings of that block */
export function resolvePools(draft: HttpDraft, settings: Settings, { faults }: Surroundings): PoolModel[] {
  for (const { name, pool, site } of draft.resolved) {
    if (pool.resolver || settings.core.resolver) continue;
    faults.error(
      'no-resolver',
      `no resolver is defined to look up "${name}"`,
      site,
      'write resolver ADDRESS; in the upstream or the http block',
    );
  }
  return [...draft.pools.values()].map(pool => {
    const { resolver, resolverTimeoutMs } = settings.core;
    const secrets = pool.stickySecrets.length > 0 ? pool.stickySecrets : draft.stickySecrets;
    const looked = pool.members.some(member => member.resolve);
    if (secrets.length === 0 && !looked) return pool;
    return {
      ...pool,
      stickySecrets: secrets,
      resolver: looked ? (pool.resolver ?? resolver) : undefined,
      resolverTimeoutMs: looked ? (pool.resolverTimeoutMs ?? resolverTimeoutMs) : undefined,
    };
  });
}

/** @param settings of the http block */
export function resolveHealthChecks(
  draft: HttpDraft,
  settings: Settings,
  around: Surroundings,
): HealthCheckModel[] {
  return draft.healthChecks.flatMap(written => {
    const target = poolOf(written, draft, around);
    const match = matchOf(written, draft, around);
    if (!target) return [];
    const { check, owns, site } = written;
    const { proxy, proxyTls } = owns.reduce(inheritSettings, settings);
    return [{ ...check, ...target, match, proxy, proxyTls, site: { file: site.file, line: site.line } }];
  });
}

function poolOf(
  { location, site }: HealthCheckDraft,
  draft: HttpDraft,
  { faults }: Surroundings,
): Pick<HealthCheckModel, 'pool' | 'scheme'> | undefined {
  const { content } = location;
  if (content?.kind === 'redirect-balance') {
    const pool = draft.pools.get(content.pool.toLowerCase());
    return pool && { pool: pool.name, scheme: content.scheme }; // one that is not there is told at its line
  }
  const target = content?.kind === 'proxy' ? content.target : undefined;
  const name =
    target && !target.dynamic && typeof target.authority === 'string' ? target.authority : undefined;
  const pool = name === undefined ? undefined : draft.pools.get(name.toLowerCase());
  if (target && pool) return { pool: pool.name, scheme: target.scheme };
  const message = target
    ? 'the location passes requests to no upstream block'
    : 'the location has no proxy_pass';
  faults.error('value', `health_check: ${message}`, site, 'check members of a pool: proxy_pass http://POOL;');
  return undefined;
}

function matchOf(
  { matchName, site }: HealthCheckDraft,
  { matches }: HttpDraft,
  { faults }: Surroundings,
): MatchModel | undefined {
  if (matchName === undefined) return undefined;
  const match = matches.get(matchName);
  if (match) return match;
  const near = suggest(matchName, matches.keys());
  faults.error(
    'value',
    `health_check: no match block is called "${matchName}"`,
    site,
    near ? `did you mean "${near}"?` : `write match ${matchName} { ... } in the http block`,
  );
  return undefined;
}
