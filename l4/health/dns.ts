/** `health_check dns`: a query over UDP that must be answered by a record. RFC 1035. */
import { randomInt } from 'node:crypto';
import type { DnsQuestion, DnsRecordType } from '#model/l4/health.ts';
import { DatagramTalk } from './datagram.ts';
import type { Probe } from './probe.ts';

const RECORDS: Readonly<Record<DnsRecordType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};
const RECURSION_DESIRED = 0x0100;
const RESPONSE = 0x8000;
const CLASS_IN = 1;
const HEAD_BYTES = 12;
const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export const dnsProbe: Probe<DnsQuestion> = async (question, target, means) => {
  using talk = await DatagramTalk.open(target, means);
  const query = queryOf(question, randomInt(0x10000));
  talk.send(query.latin1Slice());
  for (;;) {
    const answer = Buffer.from(await talk.next(), 'latin1');
    if (!belongsTo(answer, query)) continue; // of an earlier question, or nobody's
    const code = answer[3]! & 15;
    if (code !== 0) throw new Error(`the answer is ${CODES[code] ?? `code ${code}`}`);
    if (answer.readUInt16BE(6) === 0)
      throw new Error(`there is no ${question.record} record of ${question.name}`);
    return {};
  }
};

function queryOf({ name, record }: DnsQuestion, id: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(RECURSION_DESIRED, 2);
  head.writeUInt16BE(1, 4);
  const labels = name.split('.').filter(label => label !== '');
  const encoded = labels.map(label => Buffer.from(String.fromCharCode(label.length) + label, 'latin1'));
  const tail = Buffer.from([0, 0, RECORDS[record], 0, CLASS_IN]);
  return Buffer.concat([head, ...encoded, tail]);
}

/** Whether it is a response with the number and the question of the query. */
function belongsTo(answer: Buffer, query: Buffer): boolean {
  if (answer.length < HEAD_BYTES || answer.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  if ((answer.readUInt16BE(2) & RESPONSE) === 0) return false;
  const asked = (bytes: Buffer) => bytes.latin1Slice(HEAD_BYTES, query.length).toLowerCase();
  return answer.readUInt16BE(4) === 0 || asked(answer) === asked(query);
}
