/**
 * A heartbeat on the wire. In bytes, numbers in the wire's order:
 *
 * ```
 *  "MOHB" │ version 1 │ kind 1 │ 0 0 │ from 8 │ to 8 │ stamp 8 │ echo 8 │ body, JSON │ HMAC-SHA-256 32
 * ```
 *
 * `from` and `to` are numbers that each process draws at its start. `stamp` is µs of the sender's monotonic clock, and grows from
 * packet to packet; `echo` is the last stamp of the other one that was heard. The seal covers the two addresses as well, so that what was
 * recorded on one path is void on another.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

export const VERSION = 1;
export const KINDS = ['beat', 'report'] as const;
export type Kind = (typeof KINDS)[number];

const MAGIC = 0x4d4f4842;
const HEAD = 40;
const SEAL = 32;
/** More than this nobody sends. */
export const PACKET_MOST = 32_768;
export const NOBODY = '0'.repeat(16);

export interface Packet {
  readonly kind: Kind;
  /** Tokens of 8 bytes, in hexadecimal. */
  readonly from: string;
  /** NOBODY: the sender does not know yet who listens. */
  readonly to: string;
  readonly stampUs: number;
  /** 0: nothing was heard. */
  readonly echoUs: number;
  readonly body: unknown;
}

/** Addresses of the one who sends and the one who is sent to, as text. */
export interface Route {
  readonly source: string;
  readonly destination: string;
}

const sealOf = (bytes: Uint8Array, { source, destination }: Route, key: KeyObject): Buffer =>
  createHmac('sha256', key).update(`${source}>${destination}\n`).update(bytes).digest();

export function seal(packet: Packet, route: Route, key: KeyObject, version = VERSION): Buffer {
  const body = Buffer.from(JSON.stringify(packet.body));
  const bytes = Buffer.alloc(HEAD + body.length);
  bytes.writeUInt32BE(MAGIC);
  bytes[4] = version;
  bytes[5] = KINDS.indexOf(packet.kind);
  bytes.write(packet.from, 8, 'hex');
  bytes.write(packet.to, 16, 'hex');
  bytes.writeBigUInt64BE(BigInt(packet.stampUs), 24);
  bytes.writeBigUInt64BE(BigInt(packet.echoUs), 32);
  body.copy(bytes, HEAD);
  return Buffer.concat([bytes, sealOf(bytes, route, key)]);
}

/** Why a packet is refused before anything of it is believed. */
export type Unsealed = 'truncated' | 'not-ours' | 'forged' | 'version' | 'malformed';

export function unseal(bytes: Buffer, route: Route, key: KeyObject): Packet | Unsealed {
  if (bytes.length < HEAD + SEAL || bytes.length > PACKET_MOST) return 'truncated';
  if (bytes.readUInt32BE() !== MAGIC) return 'not-ours';
  const sealed = bytes.subarray(0, bytes.length - SEAL);
  if (!timingSafeEqual(sealOf(sealed, route, key), bytes.subarray(sealed.length))) return 'forged';
  if (bytes[4] !== VERSION) return 'version';
  const kind = KINDS[bytes[5]!];
  const stamp = bytes.readBigUInt64BE(24);
  const echo = bytes.readBigUInt64BE(32);
  const isSafe = stamp <= BigInt(Number.MAX_SAFE_INTEGER) && echo <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!kind || !isSafe) return 'malformed';
  try {
    return {
      ...{ kind, stampUs: Number(stamp), echoUs: Number(echo) },
      ...{ from: bytes.toString('hex', 8, 16), to: bytes.toString('hex', 16, 24) },
      body: JSON.parse(sealed.toString('utf8', HEAD)),
    };
  } catch {
    return 'malformed';
  }
}
