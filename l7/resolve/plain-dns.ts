/** Questions to name servers beside the traffic: names of addresses, block lists. */
import { promises as dns } from 'node:dns';
import type { ResolverSettings } from '#model/l7/core.ts';

/** @param resolver undefined: the name servers of this machine */
export function plainDns(resolver: ResolverSettings | undefined, timeoutMs: number): dns.Resolver {
  const made = new dns.Resolver({ timeout: timeoutMs, tries: 1 });
  if (resolver)
    made.setServers(
      resolver.servers.map(({ address, port }) =>
        address.includes(':') ? `[${address.replace(/^\[|\]$/g, '')}]:${port}` : `${address}:${port}`,
      ),
    );
  return made;
}
