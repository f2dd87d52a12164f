/** Names of pools in proxy_pass and redirect_balance: one with a port, and one that is nearly right. */
import { isIP } from 'node:net';
import { suggest } from '#kit/suggest.ts';
import type { HttpDraft } from './draft.ts';
import type { Surroundings } from './scope.ts';

/** Clients can only be sent to members that have a name on the network. */
export function checkRedirects(draft: HttpDraft, { faults }: Surroundings): void {
  for (const { pool: name, site } of draft.redirected) {
    const pool = draft.pools.get(name.toLowerCase());
    const socket = pool?.members.find(({ unixPath }) => unixPath !== undefined);
    if (socket)
      faults.error(
        'value',
        `redirect_balance: no client can go to "${socket.name}" of upstream "${name}"`,
        site,
        'take a pool of servers that clients can reach',
      );
    if (pool) continue;
    const near = suggest(name, draft.pools.keys());
    const hint =
      near === undefined ? `write upstream ${name} { ... } in the http block` : `did you mean "${near}"?`;
    faults.error('value', `redirect_balance: no upstream is called "${name}"`, site, hint);
  }
}

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
