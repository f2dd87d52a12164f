/** The host that a request names (RFC 9110 §7.2, RFC 3986 §3.2.2). */

/**
 * Lower-cases a Host value and takes port and closing dot off.
 *
 * @returns undefined when it is no host: then the request is refused
 */
export function cleanHost(field: string): string | undefined {
  if (field === '') return '';
  if (/^[a-z0-9.-]*[a-z0-9-]$/.test(field)) return field.includes('..') ? undefined : field;
  const match =
    /^(\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|\[v[0-9a-f]+\.[^\]\s]+\]|[\w.~!$&'()*+,;=%-]*?)\.?(?::(\d{0,5}))?$/i.exec(
      field,
    );
  if (!match || match[1] === '' || match[1]!.includes('..') || /%(?![0-9a-f]{2})/i.test(match[1]!))
    return undefined;
  return match[1]!.toLowerCase();
}
