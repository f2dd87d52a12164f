/** A small server of raw bytes behind the program under test: the test says what it answers. */
import { createServer, type Socket } from 'node:net';
import { type Message, takeMessage } from './message.ts';

export type Received = Message & { readonly method: string; readonly target: string };

/**
 * Answers a request: returns the bytes to send (latin1), or undefined when it wrote to the socket itself.
 * The connection stays open after it, so the bytes must carry their length; call `socket.end()` to close.
 */
export type Answer = (request: Received, socket: Socket) => string | undefined | Promise<string | undefined>;

export type Upstream = AsyncDisposable & {
  readonly port: number;
  /** Every request that came, oldest first. */
  readonly requests: readonly Received[];
  /** How many connections were accepted so far, and how many of them are open. */
  readonly connections: { readonly accepted: number; readonly open: number };
  /** Changes the answer from the next request on. */
  answerWith(answer: Answer): void;
  stop(): Promise<void>;
};

/** A whole answer with its Content-Length; `headers` are further lines such as "X-A: 1". */
export function response(status: number, body = '', headers: readonly string[] = []): string {
  return [`HTTP/1.1 ${status} Test`, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

/** Listens on 127.0.0.1 at `port`, a free one by default. A request that cannot be framed ends its connection. */
export async function startUpstream(answer: Answer = () => response(200, 'ok'), port = 0): Promise<Upstream> {
  const requests: Received[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  let current = answer;
  const server = createServer(socket => {
    accepted++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy()); // a peer that goes away is part of many tests
    serve(socket, async request => {
      requests.push(request);
      const bytes = await current(request, socket);
      if (bytes !== undefined && socket.writable) socket.write(bytes, 'latin1');
    });
  });
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The test server has no port');
  const stop = () =>
    new Promise<void>(done => {
      for (const socket of sockets) socket.destroy();
      server.close(() => done());
    });
  return {
    port: address.port,
    requests,
    connections: {
      get accepted() {
        return accepted;
      },
      get open() {
        return sockets.size;
      },
    },
    answerWith: next => {
      current = next;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Frames the requests of one connection and hands them on one after the other. */
function serve(socket: Socket, handle: (request: Received) => Promise<void>): void {
  let bytes = '';
  let turn = Promise.resolve();
  socket.setEncoding('latin1').setNoDelay(true);
  const fail = (error: unknown) => {
    socket.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  const take = () => {
    for (
      let taken = takeMessage(bytes, 'request', false);
      taken;
      taken = takeMessage(bytes, 'request', false)
    ) {
      bytes = taken.rest;
      const [method = '', target = ''] = taken.message.start.split(' ');
      const request = { ...taken.message, method, target };
      turn = turn.then(() => handle(request)).catch(fail);
    }
  };
  socket.on('data', chunk => {
    bytes += chunk;
    try {
      take();
    } catch (error) {
      fail(error);
    }
  });
}
