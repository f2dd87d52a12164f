/** The sockets of the API: bounded in connections, heads, bodies and time, so that nobody holds it by being slow or many. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ApiTls } from '#model/api.ts';
import { type Arrival, Patience } from './patience.ts';

const MOST_CONNECTIONS = 512;
/** Of one address. */
const MOST_OF_ONE = 128;
const MOST_FIELDS = 64;
const MOST_REQUESTS = 10_000;
const IDLE_MS = 60_000;
const HANDSHAKE_MS = 10_000;

const LIMITS: ServerOptions = {
  maxHeaderSize: 16 << 10,
  headersTimeout: 10_000,
  requestTimeout: 0, // Patience's matter: this one cannot tell an upload from who dawdles
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 1000,
  requireHostHeader: true,
  insecureHTTPParser: false,
  noDelay: true,
};

type Handle = (request: IncomingMessage, response: ServerResponse, arrival: Arrival) => void;

export class Connections {
  readonly #all = new Set<Socket>();
  readonly #byAddress = new Map<string, number>();

  /** Counts it, or closes it where there are too many. */
  admit(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const own = this.#byAddress.get(address) ?? 0;
    if (this.#all.size >= MOST_CONNECTIONS || own >= MOST_OF_ONE) return void socket.destroy();
    this.#all.add(socket);
    this.#byAddress.set(address, own + 1);
    socket.once('close', () => this.#forget(socket, address));
  }

  #forget(socket: Socket, address: string): void {
    this.#all.delete(socket);
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

/** Serves on a socket that listens. */
export function serve(fd: number, tls: ApiTls | undefined, connections: Connections, handle: Handle): Server {
  const server = tls
    ? createTlsServer({
        ...LIMITS,
        cert: Buffer.from(tls.certificate, 'latin1'),
        key: Buffer.from(tls.key, 'latin1'),
        minVersion: 'TLSv1.2',
        handshakeTimeout: HANDSHAKE_MS,
      })
    : createServer(LIMITS);
  server.maxHeadersCount = MOST_FIELDS;
  server.maxRequestsPerSocket = MOST_REQUESTS;
  server.timeout = IDLE_MS;
  server.on('connection', (socket: Socket) => connections.admit(socket));
  const arrive = (expects: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    const giveUp = () => refuseBytes({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, request.socket);
    handle(request, response, { expects, patience: new Patience(request, giveUp) });
  };
  server.on('request', arrive(false));
  server.on('checkContinue', arrive(true));
  server.on('connect', (_, socket) => socket.destroy());
  server.on('clientError', refuseBytes);
  if (tls) server.on('tlsClientError', (_, socket: Socket) => socket.destroy());
  server.listen({ fd });
  return server;
}

const STATUS_OF: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What is no HTTP is told so, once, and nothing more is read. */
function refuseBytes(
  fault: Pick<NodeJS.ErrnoException, 'code'>,
  socket: Socket | import('node:stream').Duplex,
): void {
  const status = STATUS_OF[fault.code ?? ''] ?? '400 Bad Request';
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.on('error', () => {}); // it has gone
  setTimeout(() => socket.destroy(), 1000).unref();
}
