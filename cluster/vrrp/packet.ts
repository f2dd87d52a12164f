/** Advertisements of VRRP as bytes: version 2 (RFC 3768 §5) and version 3 (RFC 9568 §5), IPv4 and IPv6. */

import { addressBytes } from '#kit/address-bytes.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { checksum, VRRP_PROTOCOL } from './checksum.ts';

export type Version = 2 | 3;
export type Family = 4 | 6;

/**
 * Which bytes the checksum of version 3 over IPv4 covers. RFC 5798 §5.2.8 was read as "with a pseudo-header", which
 * keepalived and FRR send; RFC 9568 §5.2.8 says without. Version 2 never has one, IPv6 always.
 */
export type ChecksumForm = 'pseudo-header' | 'plain';

/** Authentication of version 2: none, or a password of up to 8 bytes in the clear (RFC 2338 §5.3.6). */
export const AUTH = { none: 0, password: 1 } as const;
export const AUTH_BYTES = 8;
export const HEADER_BYTES = 8;
export const ADVERTISEMENT = 1;

/** The most that 12 bits of centiseconds can say (version 3), and 8 bits of seconds (version 2). */
const MOST_INTERVAL_MS = { 2: 255_000, 3: 40_950 } as const;
export const INTERVAL_UNIT_MS = { 2: 1000, 3: 10 } as const;

export interface Advertisement {
  readonly version: Version;
  /** 1..255 */
  readonly vrid: number;
  /** 0: its sender stops; 255: it owns the addresses. */
  readonly priority: number;
  readonly intervalMs: number;
  /** 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[];
  /** How its checksum was made. */
  readonly form: ChecksumForm;
}

export interface Outgoing extends Advertisement {
  readonly family: Family;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Of version 2; up to 8 bytes. */
  readonly password?: Uint8Array | undefined;
}

/** What an instance advertises. @param told what differs from time to time; its `form` counts where none is configured */
export function outgoingOf(
  model: VrrpInstanceModel,
  told: Pick<Outgoing, 'priority' | 'source' | 'destination' | 'form'>,
): Outgoing {
  const { version, family, vrid, advertMs, checksum: form, addresses } = model;
  return {
    ...{ version, family, vrid, intervalMs: advertMs, ...told },
    addresses: addresses.filter(({ advertised }) => advertised).map(one => addressBytes(one.address)),
    form: form === 'auto' ? told.form : form,
    password: passwordBytes(model),
  };
}

export const passwordBytes = ({ password }: VrrpInstanceModel): Uint8Array | undefined =>
  password === undefined ? undefined : Buffer.from(password, 'latin1');

/** @returns the message, without an IP header @throws {RangeError} if a field has no room on the wire */
export function encode(advertisement: Outgoing): Uint8Array {
  const { version, family, vrid, priority, addresses } = advertisement;
  refuseUnfit(advertisement);
  const width = family === 4 ? 4 : 16;
  const body = HEADER_BYTES + addresses.length * width;
  const message = new Uint8Array(version === 2 ? body + AUTH_BYTES : body);
  message.set([(version << 4) | ADVERTISEMENT, vrid, priority, addresses.length]);
  const units = advertisement.intervalMs / INTERVAL_UNIT_MS[version];
  if (version === 2) message.set([advertisement.password ? AUTH.password : AUTH.none, units], 4);
  else message.set([units >> 8, units & 255], 4);
  addresses.forEach((address, at) => {
    message.set(address, HEADER_BYTES + at * width);
  });
  if (version === 2 && advertisement.password) message.set(advertisement.password, body);
  const value = checksum(message, pseudoHeaderOf(advertisement));
  message.set([value >> 8, value & 255], 6);
  return message;
}

function pseudoHeaderOf({ version, family, form, source, destination }: Outgoing) {
  const isCovered = family === 6 || (version === 3 && form === 'pseudo-header');
  return isCovered ? { source, destination, protocol: VRRP_PROTOCOL } : undefined;
}

function refuseUnfit({ version, family, vrid, priority, intervalMs, addresses, password }: Outgoing): void {
  const units = intervalMs / INTERVAL_UNIT_MS[version];
  const width = family === 4 ? 4 : 16;
  const refuse = (what: string) => {
    throw new RangeError(`Cannot encode an advertisement: ${what}`);
  };
  if (version === 2 && family === 6) refuse('version 2 knows IPv4 only');
  if (!(vrid >= 1 && vrid <= 255)) refuse(`the VRID ${vrid} is not 1 to 255`);
  if (!(priority >= 0 && priority <= 255)) refuse(`the priority ${priority} is not 0 to 255`);
  if (!Number.isInteger(units) || units < 1 || intervalMs > MOST_INTERVAL_MS[version])
    refuse(`version ${version} cannot say an interval of ${intervalMs} ms`);
  if (addresses.length > 255) refuse(`${addresses.length} addresses are more than 255`);
  if (addresses.some(address => address.length !== width)) refuse(`an address is not of IPv${family}`);
  if (password && password.length > AUTH_BYTES) refuse('the password has more than 8 bytes');
}
