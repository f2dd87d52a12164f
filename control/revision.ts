/** A digest of what two nodes of a cluster should have the same: what they serve, and under which addresses. */
import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import type { Model } from '#model/main.ts';

const DIGEST_CHARS = 12;

/** Paths of files, logs, priorities and a node's own addresses may differ. @returns '' where nobody asks for it */
export function revisionOf({ http, l4, cluster }: Model): string {
  if (!cluster?.heartbeat) return '';
  const routers = cluster.instances.map(({ name, vrid, family, version, advertMs, addresses }) => ({
    ...{ name, vrid, family, version, advertMs },
    addresses: addresses.map(({ address, prefixBits }) => `${address}/${prefixBits}`),
  }));
  const shared = { http, l4: l4 && { ...l4, interfaces: undefined, sync: undefined }, routers };
  return createHash('sha256').update(serialize(shared)).digest('hex').slice(0, DIGEST_CHARS);
}
