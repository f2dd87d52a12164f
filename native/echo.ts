/** The messages of ping. RFC 792, RFC 4443 §4. */
import { checksum } from '#kit/internet-checksum.ts';

export interface Echo {
  /** 16 bits each. */
  readonly id: number;
  readonly sequence: number;
}

/** IP protocol and types of the messages, by family. */
export const KINDS = {
  4: { protocol: 1, request: 8, reply: 0 },
  6: { protocol: 58, request: 128, reply: 129 },
} as const;

const BYTES = 8;

/** The kernel fills in the checksum of ICMPv6; that of ICMP is ours. */
export function echoRequest(family: 4 | 6, { id, sequence }: Echo): Buffer {
  const bytes = Buffer.alloc(BYTES);
  bytes[0] = KINDS[family].request;
  bytes.writeUInt16BE(id, 4);
  bytes.writeUInt16BE(sequence, 6);
  if (family === 4) bytes.writeUInt16BE(checksum(bytes), 2);
  return bytes;
}

/** @param bytes a message as a raw socket gives it: of IPv4 with the IP header @returns undefined when it is no reply */
export function echoReply(family: 4 | 6, bytes: Buffer): Echo | undefined {
  const at = family === 4 ? ((bytes[0] ?? 0) & 15) * 4 : 0;
  if (bytes.length < at + BYTES || bytes[at] !== KINDS[family].reply) return undefined;
  return { id: bytes.readUInt16BE(at + 4), sequence: bytes.readUInt16BE(at + 6) };
}
