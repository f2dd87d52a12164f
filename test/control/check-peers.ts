/** Servers for health checks, in a host of the lab: each answers as it should, and as one that is ill while a file is there. */
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Socket } from 'node:net';

const mark = process.argv[2]!;
const isIll = () => existsSync(mark);

/** Says `greeting`, then answers each piece; texts are of latin1. */
function talker(port: number, greeting: () => string, answer: (got: string) => string | undefined): void {
  createServer((socket: Socket) => {
    socket.setEncoding('latin1').on('error', () => {});
    socket.write(greeting(), 'latin1');
    socket.on('data', (got: string) => {
      const said = answer(got);
      if (said !== undefined) socket.write(said, 'latin1');
    });
  }).listen(port);
}

talker(
  7001,
  () => '',
  got => (got === 'hello\r\n' ? (isIll() ? 'not now\r\n' : 'well met\r\n') : undefined),
);

talker(
  7025,
  () => (isIll() ? '554 closed for today\r\n' : '220 mx\r\n'),
  got => (got.startsWith('EHLO') ? '250-mx\r\n250 HELP\r\n' : undefined),
);

/** A packet of MySQL: 3 bytes of length, its number. */
const mysql = (sequence: number, body: string) => String.fromCharCode(body.length, 0, 0, sequence) + body;
talker(
  7306,
  () => mysql(0, `\x0a8.0.1\0${'x'.repeat(40)}`),
  got =>
    got.includes('moat\0')
      ? mysql(2, isIll() ? '\xff\x15\x04#28000Access denied' : '\0\0\0\x02\0\0\0')
      : undefined,
);

/** A message of PostgreSQL: its kind, 4 bytes of length. */
const postgres = (kind: string, body: string) =>
  `${kind}\0\0\0${String.fromCharCode(body.length + 4)}${body}`;
talker(
  7432,
  () => '',
  got =>
    got.includes('user\0moat\0')
      ? isIll()
        ? postgres('E', 'SFATAL\0C57P03\0Mthe database system is shutting down\0\0')
        : postgres('R', '\0\0\0\x05salt')
      : undefined,
);

/** grpc.health.v1: field 1 is 1 (SERVING) or 2 (NOT_SERVING). */
createHttp2Server()
  .on('stream', (stream: ServerHttp2Stream) => {
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, isIll() ? 2 : 1]));
    });
  })
  .listen(7050);

const udp = createSocket('udp4');
udp.on('message', (got, { port, address }) => udp.send(isIll() ? 'no' : `pong ${got}`, port, address));
udp.bind(7002, () => console.log('ready'));
