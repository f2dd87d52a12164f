/** The host that a request names (RFC 9110 §7.2, RFC 3986 §3.2.2). */
import { detached } from '#kit/detached.ts';

/**
 * Lower-cases a Host value and takes port and closing dot off.
 *
 * @returns undefined when it is no host: then the request is refused
 */
export function cleanHost(field: string): string | undefined {
  if (field === '') return '';
  const known = CLEAN.get(field);
  if (known !== undefined) return known;
  if (CLEAN.size >= MOST_CLEAN || field.length > MOST_CLEAN_BYTES) return readHost(field);
  const own = detached(field);
  const host = readHost(own);
  if (host !== undefined) CLEAN.set(own, host);
  return host;
}

/** Hosts read before: a site's clients say the same few. Bounded: a stranger chooses them, so it stops growing. */
const CLEAN = new Map<string, string>();
const MOST_CLEAN = 4096;
const MOST_CLEAN_BYTES = 128;

const MOST_PORT = 65_535;

function readHost(field: string): string | undefined {
  const match =
    /^(\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|\[v[0-9a-f]+\.[^\]\s]+\]|[\w.~!$&'()*+,;=%-]*?)\.?(?::(\d{0,5}))?$/i.exec(
      field,
    );
  const host = match?.[1];
  if (Number(match?.[2] ?? 0) > MOST_PORT) return undefined;
  if (!host || host.endsWith('.') || host.includes('..') || /%(?![0-9a-f]{2})/i.test(host)) return undefined;
  return host.toLowerCase();
}
