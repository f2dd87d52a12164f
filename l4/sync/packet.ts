/**
 * A datagram between directors. In bytes, numbers in the wire's order:
 *
 * ```
 *  "MOFS" │ version 3 │ kind 1 │ 0 0 │ from 8 │ to 8 │ sequence 8 │ body │ the first 16 of HMAC-SHA-256 over all before
 * ```
 *
 * `from` and `to` are numbers that each side draws for one meeting of both (session.ts): what was recorded in another is void.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

export const VERSION = 3;
export const KINDS = ['hello', 'data', 'repair', 'gone'] as const;
export type Kind = (typeof KINDS)[number];
/** What fits into one frame of Ethernet, over IPv6. */
const PACKET_MOST = 1400;
const MAGIC = 0x4d4f4653;
const HEAD = 32;
const SEAL = 16;
export const BODY_MOST = PACKET_MOST - HEAD - SEAL;

export interface Packet {
  readonly kind: Kind;
  /** Tokens, in hexadecimal. */
  readonly from: string;
  readonly to: string;
  /** Of data: its own; of hello: the last that was sent. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

export const NOBODY = '0'.repeat(16);

const sealOf = (bytes: Uint8Array, key: KeyObject): Buffer =>
  createHmac('sha256', key).update(bytes).digest().subarray(0, SEAL);

export function seal({ kind, from, to, sequence, body }: Packet, key: KeyObject, version = VERSION): Buffer {
  const bytes = Buffer.alloc(HEAD + body.length + SEAL);
  bytes.writeUInt32BE(MAGIC);
  bytes[4] = version;
  bytes[5] = KINDS.indexOf(kind);
  bytes.write(from, 8, 'hex');
  bytes.write(to, 16, 'hex');
  bytes.writeBigUInt64BE(BigInt(sequence), 24);
  bytes.set(body, HEAD);
  bytes.set(sealOf(bytes.subarray(0, HEAD + body.length), key), HEAD + body.length);
  return bytes;
}

/** Why a datagram is refused before anything of it is believed. */
export type Unsealed = 'truncated' | 'not-ours' | 'forged' | 'version' | 'malformed';

/** @returns what it says; its body is a view */
export function unseal(bytes: Buffer, key: KeyObject): Packet | Unsealed {
  if (bytes.length < HEAD + SEAL) return 'truncated';
  if (bytes.readUInt32BE() !== MAGIC) return 'not-ours';
  const end = bytes.length - SEAL;
  if (!timingSafeEqual(sealOf(bytes.subarray(0, end), key), bytes.subarray(end))) return 'forged';
  if (bytes[4] !== VERSION) return 'version';
  const kind = KINDS[bytes[5]!];
  const sequence = bytes.readBigUInt64BE(24);
  if (!kind || sequence > BigInt(Number.MAX_SAFE_INTEGER)) return 'malformed';
  return {
    ...{ kind, sequence: Number(sequence), body: bytes.subarray(HEAD, end) },
    from: bytes.toString('hex', 8, 16),
    to: bytes.toString('hex', 16, 24),
  };
}
