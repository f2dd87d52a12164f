/** Writes the header that a connection to a server begins with (PROXY protocol, versions 1 and 2). */
import type { Endpoint } from '#kit/endpoint.ts';
import { IpReader } from '#kit/ip.ts';

/** All texts are latin1, one char a byte. */
export type ProxyHeaderWriter = (from: Endpoint, to: Endpoint) => string;

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const [LOCAL, PROXY] = ['\x20', '\x21'];
const [UNSPEC, TCP4, TCP6] = ['\0', '\x11', '\x21'];
/** What makes an IPv6 address of an IPv4 one (RFC 4291 §2.5.5.2). */
const MAPPED = `${'\0'.repeat(10)}\xff\xff`;

/** Nobody's connection: health checks begin so. */
export const OWN_HEADERS = {
  v1: 'PROXY UNKNOWN\r\n',
  v2: `${SIGNATURE}${LOCAL}${UNSPEC}\0\0`,
} as const;

/**
 * A client that has no address (a unix socket) is UNKNOWN in version 1, and in version 2 the connection is moat's own. Where the two addresses are
 * of different families, the IPv4 one is written as IPv6.
 */
export function proxyHeaderWriter(version: 'v1' | 'v2'): ProxyHeaderWriter {
  const [source, target] = [new IpReader(), new IpReader()];
  const write = version === 'v1' ? line : binary;
  return (from, to) => {
    const known = source.read(from.address) && target.read(to.address);
    return write(known ? source : undefined, from.port, target, to.port);
  };
}

function line(
  source: IpReader | undefined,
  sourcePort: number,
  target: IpReader,
  targetPort: number,
): string {
  if (!source) return OWN_HEADERS.v1;
  const isV4 = source.family === 4 && target.family === 4;
  const text = (ip: IpReader) => (isV4 || ip.family === 6 ? ip.format() : `::ffff:${ip.format()}`);
  return `PROXY TCP${isV4 ? 4 : 6} ${text(source)} ${text(target)} ${sourcePort} ${targetPort}\r\n`;
}

function binary(source: IpReader | undefined, sourcePort: number, target: IpReader, targetPort: number) {
  if (!source) return OWN_HEADERS.v2; // HAProxy refuses a proxied connection without addresses
  const isV4 = source.family === 4 && target.family === 4;
  const bytes = (ip: IpReader) => (isV4 || ip.family === 6 ? ip.bytes() : MAPPED + ip.bytes());
  const block = bytes(source) + bytes(target) + uint16(sourcePort) + uint16(targetPort);
  return `${SIGNATURE}${PROXY}${isV4 ? TCP4 : TCP6}${uint16(block.length)}${block}`;
}

const uint16 = (value: number) => String.fromCharCode(value >>> 8, value & 255);
