/** Run on a host: sends the frames of a capture (pcap) once more. Arguments: file, index of the interface. */
import { readFileSync } from 'node:fs';
import { linkSend, linkSocket } from '../../../native/link.ts';

const [file = '', index] = process.argv.slice(2);
const bytes = readFileSync(file);
const fd = linkSocket();
const FILE_HEAD = 24;
const RECORD_HEAD = 16;
/** Of UDP in IPv4: a checksum that is left to the network card is none in a capture, and 0 says that there is none. */
const UDP_SUM = 14 + 20 + 6;
for (let at = FILE_HEAD; at + RECORD_HEAD < bytes.length; ) {
  const length = bytes.readUInt32LE(at + 8);
  const frame = Buffer.from(bytes.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length));
  frame.writeUInt16BE(0, UDP_SUM);
  linkSend(fd, Number(index), frame);
  at += RECORD_HEAD + length;
}
