/** Names of pools in proxy_pass: one with a port, and one that is nearly right. */
import { isIP } from 'node:net';
import { suggest } from '#kit/suggest.ts';
import type { HttpDraft } from './draft.ts';
import type { Surroundings } from './scope.ts';

/** A name without a dot that is nearly a pool's is most likely meant to be it; else it is a host, and told nothing of. */
export function checkTargets(draft: HttpDraft, { faults }: Surroundings): void {
  for (const { authority, site } of draft.proxied) {
    const [host, port] = authority.toLowerCase().split(':') as [string, string | undefined];
    if (draft.pools.has(authority.toLowerCase()) || host === 'unix' || isIP(host) !== 0) continue;
    if (draft.pools.has(host) && port !== undefined) {
      const hint = 'its servers have their ports in the upstream block: leave it out here';
      faults.error('value', `upstream "${host}" may not have port ${port}`, site, hint);
      continue;
    }
    const near = host.includes('.') || host === 'localhost' ? undefined : suggest(host, draft.pools.keys());
    if (near !== undefined)
      faults.warn(
        'unknown-upstream',
        `no upstream is called "${host}": it is taken for the name of a host`,
        site,
        `did you mean "${near}"?`,
      );
  }
}
