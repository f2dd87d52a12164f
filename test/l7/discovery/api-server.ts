/** An HTTP server that answers as a test tells it, and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

type Tls = { readonly cert: string; readonly key: string };

export type Answering = (asked: Asked, response: ServerResponse) => void;

export class ApiServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #scheme: string;
  answer: Answering;

  private constructor(answer: Answering, tls: Tls | undefined) {
    this.answer = answer;
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://a.test');
      const asked = {
        method: request.method ?? '',
        path: pathname,
        query: searchParams,
        headers: request.headers,
      };
      this.asked.push(asked);
      this.answer(asked, response);
    };
    this.#scheme = tls ? 'https' : 'http';
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener);
  }

  /** @param place a path of a socket; 0: a port of 127.0.0.1 that the kernel chooses */
  static async start(answer: Answering, place: string | number = 0, tls?: Tls): Promise<ApiServer> {
    const server = new ApiServer(answer, tls);
    await new Promise<void>(done =>
      typeof place === 'string'
        ? server.#server.listen(place, done)
        : server.#server.listen(place, '127.0.0.1', done),
    );
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(done => this.#server.close(done));
  }
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** A Consul of one service: questions wait for the next index, as its blocking queries do. */
export class Consul {
  index = 1;
  entries: readonly object[];
  #waiting: (() => void)[] = [];

  constructor(entries: readonly object[]) {
    this.entries = entries;
  }

  readonly answer: Answering = ({ query }, response) => {
    const send = () => sendJson(response, this.entries, { 'X-Consul-Index': `${this.index}` });
    if (query.get('index') === `${this.index}`) this.#waiting.push(send);
    else send();
  };

  change(entries: readonly object[]): void {
    this.entries = entries;
    this.index++;
    for (const send of this.#waiting.splice(0)) send();
  }
}
