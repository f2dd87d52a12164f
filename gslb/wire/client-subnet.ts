/** The client's network as a resolver tells it: the option of RFC 7871. */
import { addressText } from '#kit/address-bytes.ts';

export interface ClientSubnet {
  /** IANA's number of the family: 1 is IPv4, 2 is IPv6. */
  readonly family: 1 | 2;
  readonly sourceBits: number;
  /** The bytes of the prefix, as they came. */
  readonly prefix: Uint8Array;
  /** The address of the network; undefined: it tells nothing (0 bits). */
  readonly address: string | undefined;
}

export const CLIENT_SUBNET = 8;
const HEAD_BYTES = 4;
const ADDRESS_BYTES = { 1: 4, 2: 16 } as const;

/** @param option its content @returns undefined when it is not as RFC 7871 §6 and §7.1.2 have it, or of a family that nobody knows */
export function readClientSubnet(option: Uint8Array): ClientSubnet | undefined {
  if (option.length < HEAD_BYTES) return undefined;
  const family = option[0]! * 256 + option[1]!;
  if (family !== 1 && family !== 2) return undefined;
  const [sourceBits, scopeBits] = [option[2]!, option[3]!];
  const whole = ADDRESS_BYTES[family];
  const prefix = option.subarray(HEAD_BYTES);
  if (scopeBits !== 0 || sourceBits > whole * 8 || prefix.length !== Math.ceil(sourceBits / 8))
    return undefined;
  const spare = prefix.length * 8 - sourceBits;
  if (spare > 0 && (prefix.at(-1)! & ((1 << spare) - 1)) !== 0) return undefined;
  const address = new Uint8Array(whole);
  address.set(prefix);
  return { family, sourceBits, prefix, address: sourceBits === 0 ? undefined : addressText(address) };
}

/** @param scopeBits for which network the answer is good: 0 for all */
export function clientSubnetOption({ family, sourceBits, prefix }: ClientSubnet, scopeBits: number): Buffer {
  const length = HEAD_BYTES + prefix.length;
  const head = Buffer.from([0, CLIENT_SUBNET, length >> 8, length & 255, 0, family, sourceBits, scopeBits]);
  return Buffer.concat([head, prefix]);
}
