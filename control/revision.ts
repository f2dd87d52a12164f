/** A digest of what two nodes of a cluster should have the same: what they serve, and under which addresses. */
import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import type { Model } from '#model/main.ts';

const DIGEST_CHARS = 12;

/** Where a line stands, priorities, pins and a node's own addresses may differ. @returns '' where nobody asks for it */
export function revisionOf({ http, l4, cluster }: Model): string {
  if (!cluster?.heartbeat) return '';
  const routers = cluster.instances.map(({ name, vrid, family, version, advertMs, addresses }) => ({
    ...{ name, vrid, family, version, advertMs },
    addresses: addresses.map(({ address, prefixBits }) => `${address}/${prefixBits}`),
  }));
  const own = { interfaces: undefined, sync: undefined, pinPath: undefined };
  const shared = withoutSites({ http, l4: l4 && { ...l4, ...own }, routers });
  return createHash('sha256').update(serialize(shared)).digest('hex').slice(0, DIGEST_CHARS);
}

/** The same without the files and lines that it was read from. @param copies of what was met already: many blocks share theirs */
export function withoutSites(value: unknown, copies = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    copies.set(value, copy);
    for (const item of value) copy.push(withoutSites(item, copies));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    copies.set(value, copy);
    for (const [key, item] of value) copy.set(key, withoutSites(item, copies));
    return copy;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy: Record<string, unknown> = {};
  copies.set(value, copy);
  for (const [key, item] of Object.entries(value)) if (key !== 'site') copy[key] = withoutSites(item, copies);
  return copy;
}
