/** Reads the header that a proxy before moat puts in front of a connection (PROXY protocol, versions 1 and 2). */
import { isIPv4, isIPv6 } from 'node:net';
import type { ProxiedAddress } from '../../downstream/downstream.ts';

export interface ProxyHeader {
  /** Where the client's own bytes begin. */
  readonly bytes: number;
  /** Undefined: the header says nothing about a client (UNKNOWN, LOCAL, other kinds of sockets). */
  readonly proxied: ProxiedAddress | undefined;
}

/** `partial`: it may become a header; `broken`: it can not. */
export type ProxyReading = ProxyHeader | 'partial' | 'broken';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
/** The longest line of version 1, its end included. */
const MOST_LINE_BYTES = 107;

/** @param bytes all that has come so far, at least one byte */
export function readProxyHeader(bytes: Buffer): ProxyReading {
  const begin = bytes.subarray(0, SIGNATURE.length);
  if (SIGNATURE.subarray(0, begin.length).equals(begin)) return readBinary(bytes);
  const text = bytes.toString('latin1', 0, MOST_LINE_BYTES);
  if ('PROXY '.startsWith(text.slice(0, 6))) return readLine(text);
  return 'broken';
}

function readLine(text: string): ProxyReading {
  const end = text.indexOf('\r\n');
  if (end === -1) return text.length < MOST_LINE_BYTES && !text.includes('\n') ? 'partial' : 'broken';
  const [, family, ...words] = text.slice(0, end).split(' ');
  if (family === 'UNKNOWN') return { bytes: end + 2, proxied: undefined };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  const [sourceAddress = '', targetAddress = '', sourcePort = '', targetPort = ''] = words;
  const isGood =
    isAddress?.(sourceAddress) &&
    isAddress(targetAddress) &&
    isPort(sourcePort) &&
    isPort(targetPort) &&
    words.length === 4;
  if (!isGood) return 'broken';
  const ports = { sourcePort: Number(sourcePort), targetPort: Number(targetPort) };
  return { bytes: end + 2, proxied: { sourceAddress, targetAddress, ...ports, tlvs: NO_TLVS } };
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) < 65_536;

const NO_TLVS: ReadonlyMap<number, Buffer> = new Map();

/** Bytes of the two addresses and ports, by the kind of socket; other kinds say nothing that could be used. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 17: 12, 33: 36 };
const LOCAL = 0;
const PROXY = 1;

function readBinary(bytes: Buffer): ProxyReading {
  if (bytes.length < FIXED_BYTES) return 'partial';
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  if (version !== 2 || command > PROXY) return 'broken';
  const length = FIXED_BYTES + bytes.readUInt16BE(14);
  if (bytes.length < length) return 'partial';
  const addressBytes = ADDRESS_BYTES[bytes[13]!];
  if (command === LOCAL || addressBytes === undefined) return { bytes: length, proxied: undefined };
  if (length < FIXED_BYTES + addressBytes) return 'broken';
  const tlvs = readTlvs(bytes.subarray(FIXED_BYTES + addressBytes, length));
  if (!tlvs) return 'broken';
  return {
    bytes: length,
    proxied: { ...readAddresses(bytes.subarray(FIXED_BYTES), (addressBytes - 4) / 2), tlvs },
  };
}

/** @param width bytes of one address */
function readAddresses(bytes: Buffer, width: number): Omit<ProxiedAddress, 'tlvs'> {
  const text = width === 4 ? dotted : colons;
  return {
    sourceAddress: text(bytes.subarray(0, width)),
    targetAddress: text(bytes.subarray(width, 2 * width)),
    sourcePort: bytes.readUInt16BE(2 * width),
    targetPort: bytes.readUInt16BE(2 * width + 2),
  };
}

const dotted = (bytes: Buffer) => bytes.join('.');

/** RFC 5952: lower case, the longest run of zeros as `::`; an IPv4 client of an IPv6 socket as IPv4. */
function colons(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  if (/^(0 ){5}ffff /.test(groups.join(' '))) return dotted(bytes.subarray(12));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Type, length, value; at the top level and inside the one about TLS. @returns undefined when one reaches beyond the end */
export function readTlvs(bytes: Buffer): Map<number, Buffer> | undefined {
  const tlvs = new Map<number, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    if (at + 3 > bytes.length) return undefined;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    const type = bytes[at]!;
    if (!tlvs.has(type)) tlvs.set(type, Buffer.from(bytes.subarray(at + 3, end)));
    at = end;
  }
  return tlvs;
}
