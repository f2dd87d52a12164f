/** Bodies of gRPC: messages with their lengths before them, compressed or not. */
import { gunzipSync, inflateSync } from 'node:zlib';
import { ProtobufFault } from './protobuf.ts';

const HEAD_BYTES = 5;

/**
 * @param coding the field grpc-encoding
 * @param mostBytes of all messages, uncompressed
 * @throws {ProtobufFault} for half a message, one that is too large, or a coding that cannot be undone here
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function* grpcMessages(body: string, coding: string, mostBytes: number): Generator<string> {
  let left = mostBytes;
  for (let at = 0; at < body.length; ) {
    const flags = body.charCodeAt(at);
    const length = lengthAt(body, at + 1);
    const start = at + HEAD_BYTES;
    at = start + length;
    if (flags > 1 || !(at <= body.length)) throw new ProtobufFault('a message of gRPC is not whole');
    const message = body.slice(start, at);
    const plain = flags === 1 ? uncompressed(message, coding, left) : message;
    left -= plain.length;
    if (left < 0) throw new ProtobufFault('messages of gRPC are too large');
    yield plain;
  }
}

/** NaN where the body ends before. */
function lengthAt(body: string, at: number): number {
  const [a, b, c, d] = [0, 1, 2, 3].map(offset => body.charCodeAt(at + offset)) as [
    number,
    number,
    number,
    number,
  ];
  return a * 0x1000000 + b * 0x10000 + c * 0x100 + d;
}

function uncompressed(message: string, coding: string, mostBytes: number): string {
  const undo = { gzip: gunzipSync, deflate: inflateSync }[coding];
  if (!undo) throw new ProtobufFault(`a message of gRPC is compressed in a way that is not known here`);
  try {
    return undo(Buffer.from(message, 'latin1'), { maxOutputLength: Math.max(1, mostBytes) }).latin1Slice();
  } catch {
    throw new ProtobufFault('a compressed message of gRPC is broken or too large');
  }
}
