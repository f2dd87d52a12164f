/** Health checks over HTTP/2: requests, and gRPC's own protocol. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { reasonFor } from './asking.ts';
import { h2Peer } from './tls-peer.ts';

test('https: version 2 asks over HTTP/2, and refuses a server that has it not', async () => {
  await using peer = await h2Peer();
  assert.equal(await reasonFor('https version=2 body=^ready$ status=200', peer), '');
  assert.equal(await reasonFor('https version=2 status=204', peer), 'status 200');
  const { tlsPeer } = await import('./tls-peer.ts');
  await using plain = await tlsPeer(90);
  assert.equal(await reasonFor('https version=2', plain), 'the server does not speak HTTP/2');
});

/** A server of grpc.health.v1 in plain HTTP/2. */
async function grpcPeer(answer: (stream: ServerHttp2Stream, service: string) => void) {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    let asked = Buffer.alloc(0);
    stream.on('data', (bytes: Buffer) => (asked = Buffer.concat([asked, bytes])));
    stream.on('end', () => {
      assert.equal(headers[':path'], '/grpc.health.v1.Health/Check');
      answer(stream, asked.latin1Slice(7));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await new Promise<void>(done => server.close(() => done()));
    },
  };
}

function reply(stream: ServerHttp2Stream, message: number[], status: string): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  stream.end(Buffer.from([0, 0, 0, 0, message.length, ...message]));
}

test('grpc: SERVING passes, all else tells its state', async () => {
  await using peer = await grpcPeer((stream, service) => {
    if (service === 'shop') reply(stream, [8, 1], '0');
    else if (service === 'ill') reply(stream, [8, 2], '0');
    else if (service === 'new') reply(stream, [], '0');
    else stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true });
  });
  assert.equal(await reasonFor('grpc service=shop', peer), '');
  assert.equal(await reasonFor('grpc service=ill', peer), 'the service is NOT_SERVING');
  assert.equal(await reasonFor('grpc service=new', peer), 'the service is UNKNOWN');
  assert.equal(await reasonFor('grpc service=nobody', peer), 'gRPC status 5');
});

test('grpc: a server that is none', async () => {
  await using peer = await grpcPeer(stream => stream.respond({ ':status': 404 }, { endStream: true }));
  assert.equal(await reasonFor('grpc', peer), 'HTTP status 404');
});
