/** `health_check grpc`: the health protocol of gRPC (grpc.health.v1), over HTTP/2. */
import { VERSION } from '#kit/version.ts';
import { askH2 } from './h2.ts';
import type { Probe, QuestionOf } from './probe.ts';
import { dial } from './talk.ts';

const SERVING = 1;
/** ServingStatus of the protocol. */
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

export const grpcProbe: Probe<QuestionOf<'grpc'>> = async ({ service, tls }, target, means) => {
  const { socket, warning } = await dial(target, tls, means, ['h2']);
  using _ = { [Symbol.dispose]: () => void socket.destroy() };
  const { address, port } = target;
  const request = {
    method: 'POST',
    uri: '/grpc.health.v1.Health/Check',
    host: tls?.serverName ?? `${address.includes(':') ? `[${address}]` : address}:${port}`,
    scheme: tls ? 'https' : 'http',
    userAgent: `moat/${VERSION}`,
    readsBody: true,
  };
  const headers = { 'content-type': 'application/grpc', te: 'trailers' };
  const answer = await askH2(socket, request, means.signal, { headers, body: messageOf(service) });
  if (answer.status !== 200) throw new Error(`HTTP status ${answer.status}`);
  const status = answer.trailers.get('grpc-status') ?? answer.headers.get('grpc-status');
  if (status === undefined) throw new Error('there is no gRPC status');
  if (status !== '0') throw new Error(`gRPC status ${status}`);
  refuseUnlessServing(answer.body);
  return { warning };
};

/** A HealthCheckRequest, whose field 1 is the service; before it the flag and the length of the message. */
function messageOf(service: string): Buffer {
  const name = Buffer.from(service, 'latin1');
  if (name.length > 127) throw new Error('the name of the service is longer than 127 bytes');
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A HealthCheckResponse, whose field 1 is the status; absent it is UNKNOWN. @throws {Error} */
function refuseUnlessServing(text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 5 || bytes.length < 5 + bytes.readUInt32BE(1))
    throw new Error('the answer has no whole message');
  const status = bytes.readUInt32BE(1) >= 2 && bytes[5] === 0x08 ? bytes[6]! : 0;
  if (status !== SERVING) throw new Error(`the service is ${STATUS_NAMES[status] ?? `in state ${status}`}`);
}
