/** Who has an address, as packets: ARP (RFC 826) and neighbour discovery (RFC 4861). */
import { checksum } from '#kit/internet-checksum.ts';

const BROADCAST = new Uint8Array(6).fill(0xff);
const ARP_HEAD = [0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0];
const REQUEST = 1;
const REPLY = 2;
const ARP_AT = 14;

/** Who has `target`, tell `sender`: a whole frame. A sender of zeros is a probe (RFC 5227), which leaves no trace in others' tables. */
export const arpRequest = (mac: Uint8Array, sender: Uint8Array, target: Uint8Array): Uint8Array =>
  Uint8Array.from([
    ...[...BROADCAST, ...mac, ...ARP_HEAD, REQUEST],
    ...[...mac, ...sender, ...new Uint8Array(6), ...target],
  ]);

type Owner = { readonly address: Uint8Array; readonly mac: Uint8Array };

/** @returns undefined: the frame is no reply */
export function readArpReply(frame: Uint8Array): Owner | undefined {
  const isReply =
    frame.length >= ARP_AT + 28 &&
    frame[ARP_AT + 6] === 0 &&
    frame[ARP_AT + 7] === REPLY &&
    frame[ARP_AT + 5] === 4;
  return isReply
    ? { mac: frame.slice(ARP_AT + 8, ARP_AT + 14), address: frame.slice(ARP_AT + 14, ARP_AT + 18) }
    : undefined;
}

const ICMPV6 = 58;
const SOLICITATION = 135;
const SOURCE_LINK = 1;
const TARGET_LINK = 2;

/** To the solicited-node multicast address of the target (RFC 4861, 4.3): a whole frame. */
export function solicitation(mac: Uint8Array, source: Uint8Array, target: Uint8Array): Uint8Array {
  const end = target.subarray(13);
  const destination = [0xff, 2, ...new Uint8Array(9), 1, 0xff, ...end];
  const body = [SOLICITATION, 0, 0, 0, 0, 0, 0, 0, ...target, SOURCE_LINK, 1, ...mac];
  const sum = checksum([...source, ...destination, 0, 0, 0, body.length, 0, 0, 0, ICMPV6, ...body]);
  body.splice(2, 2, sum >> 8, sum & 255);
  return Uint8Array.from([
    ...[0x33, 0x33, 0xff, ...end, ...mac, 0x86, 0xdd],
    ...[0x60, 0, 0, 0, 0, body.length, ICMPV6, 255, ...source, ...destination, ...body],
  ]);
}

const HEAD_BYTES = 24;

/** Of the ICMPv6 message alone. @returns undefined: it names no link address */
export function readNeighbourAdvertisement(message: Uint8Array): Owner | undefined {
  for (let at = HEAD_BYTES; at + 8 <= message.length; ) {
    const length = message[at + 1]! * 8;
    if (length === 0) return undefined;
    if (message[at] === TARGET_LINK)
      return { address: message.slice(8, HEAD_BYTES), mac: message.slice(at + 2, at + 8) };
    at += length;
  }
  return undefined;
}
