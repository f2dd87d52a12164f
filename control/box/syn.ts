/** A TCP segment that begins a connection (RFC 9293 §3.1), over IPv4. */
import { addressBytes } from '#kit/address-bytes.ts';
import { checksum, wordSum } from '#kit/internet-checksum.ts';

const HEADER_BYTES = 20;
const TCP = 6;
const FLAG_SYN = 0x02;
const WINDOW = 1024;
const OFFSET = { source: 0, destination: 2, sequence: 4, length: 12, flags: 13, window: 14, checksum: 16 };

/** @returns maker of segments by source port and sequence number; each call writes over the bytes of the one before */
export function synFrom(
  from: string,
  to: string,
  port: number,
): (sourcePort: number, sequence: number) => Uint8Array {
  const segment = Buffer.alloc(HEADER_BYTES);
  segment.writeUInt16BE(port, OFFSET.destination);
  segment[OFFSET.length] = (HEADER_BYTES / 4) << 4;
  segment[OFFSET.flags] = FLAG_SYN;
  segment.writeUInt16BE(WINDOW, OFFSET.window);
  const pseudo = wordSum(addressBytes(from)) + wordSum(addressBytes(to)) + TCP + HEADER_BYTES;
  return (sourcePort, sequence) => {
    segment.writeUInt16BE(sourcePort, OFFSET.source);
    segment.writeUInt32BE(sequence, OFFSET.sequence);
    segment.writeUInt16BE(0, OFFSET.checksum);
    segment.writeUInt16BE(checksum(segment, pseudo), OFFSET.checksum);
    return segment;
  };
}
