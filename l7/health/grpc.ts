/** `health_check type=grpc`: the health protocol of gRPC (grpc.health.v1), over HTTP/2. */
import type { ClientHttp2Stream } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { nodeHttp2 } from '#kit/node-http.ts';
import type { HealthCheckModel } from '#model/l7/health.ts';
import { dial } from './dial.ts';
import { type CheckTarget, type ProbeMaker, patienceMs } from './probe.ts';
import { requestHeaders } from './request-header.ts';
import { type CheckContexts, tlsOptions } from './tls.ts';

const SERVING = 1;
/** ServingStatus of the protocol. */
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const MOST_REPLY_BYTES = 65_536;

export const grpcProbe: ProbeMaker = (check, target, { contexts }) => ({
  run: () => ask(check, target, contexts).catch((error: Error) => error.message), // OpenSSL may refuse the settings
  close() {},
});

async function ask(
  check: HealthCheckModel,
  target: CheckTarget,
  contexts: CheckContexts,
): Promise<string | undefined> {
  const { host, port } = target;
  const authority = `${check.scheme}://${host.includes(':') ? `[${host}]` : host || 'localhost'}:${port}`;
  const secure = check.scheme === 'https' && { ...tlsOptions(check, contexts), ALPNProtocols: ['h2'] };
  const session = nodeHttp2().connect(authority, {
    createConnection: () => {
      const socket = dial(check, target);
      return secure ? connectTls({ ...secure, socket }) : socket;
    },
  });
  const { Host: name = check.pool, ...headers } = requestHeaders(check);
  const asked = new Promise<string | undefined>(done => {
    const timer = setTimeout(() => done('no answer in time'), patienceMs(check));
    session.on('close', () => clearTimeout(timer));
    session.on('error', error => done(error.message));
    const stream = session.request({
      ...headers,
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      ':authority': name,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    listen(stream, check, done);
    stream.end(question(check.grpcService));
  });
  return asked.finally(() => session.destroy());
}

function listen(
  stream: ClientHttp2Stream,
  { grpcStatus }: HealthCheckModel,
  done: (wrong: string | undefined) => void,
): void {
  let reply = Buffer.alloc(0);
  let status: string | undefined;
  let httpStatus = 0;
  stream.on('response', headers => {
    httpStatus = Number(headers[':status']);
    status = grpcStatusOf(headers);
  });
  stream.on('trailers', trailers => (status ??= grpcStatusOf(trailers)));
  stream.on('data', (bytes: Buffer) => {
    if (reply.length < MOST_REPLY_BYTES) reply = Buffer.concat([reply, bytes]);
  });
  stream.on('error', error => done(error.message));
  stream.on('close', () => {
    if (httpStatus !== 200) done(`HTTP status ${httpStatus}`);
    else if (status === undefined) done('no gRPC status');
    else if (Number(status) !== 0) done(Number(status) === grpcStatus ? undefined : `gRPC status ${status}`);
    else done(verdictOf(reply));
  });
}

/** It comes with the trailers, or in the head where there is nothing else. */
function grpcStatusOf(headers: object): string | undefined {
  const status: unknown = Reflect.get(headers, 'grpc-status');
  return typeof status === 'string' ? status : undefined;
}

/** A HealthCheckRequest: field 1 is the service. Before it the message's flag and length. */
function question(service: string): Buffer {
  const name = Buffer.from(service, 'latin1');
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

/** A HealthCheckResponse: field 1 is the status; absent it is UNKNOWN. */
function verdictOf(reply: Buffer): string | undefined {
  if (reply.length < 5 || reply[0] !== 0 || reply.length < 5 + reply.readUInt32BE(1))
    return 'no whole message';
  const message = reply.subarray(5, 5 + reply.readUInt32BE(1));
  const status = message[0] === 0x08 ? (message[1] ?? 0) : 0;
  return status === SERVING ? undefined : `the service is ${STATUS_NAMES[status] ?? `in state ${status}`}`;
}
