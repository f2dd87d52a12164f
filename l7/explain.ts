/** What would become of a request: the real tables and phases decide, nothing is sent and no content is made. */
import type { HttpModel } from '#model/l7/http.ts';
import type { Clock } from './clock.ts';
import type { Connection, Downstream } from './downstream/downstream.ts';
import { cleanHost } from './downstream/host.ts';
import { RequestBody } from './downstream/request-body.ts';
import { Engine } from './engine.ts';
import { Exchange } from './exchange.ts';
import { Observer, type Step } from './observer.ts';
import type { Response } from './response.ts';
import { nameOnly } from './tls/handshake-exchange.ts';
import { headEnd, parseRequestHead } from './wire/h1/request.ts';
import { parseTarget } from './wire/h1/uri.ts';

export type { Step } from './observer.ts';

export interface Question {
  readonly method: string;
  /** An absolute URL; scheme and port choose the listener. */
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Who asks; 127.0.0.1 unless told. */
  readonly clientAddress?: string | undefined;
  /** The target as a client sends it, where that is not what the URL comes to: `/a/../b`. */
  readonly target?: string;
  /** Its length is told by the headers, or not at all. */
  readonly body?: Buffer;
  /** When it comes, in ms since 1970; now unless told. Rates are counted by it. */
  readonly atMs?: number | undefined;
}

const LIMITS = {
  lineBytes: 8192,
  totalBytes: 65_536,
  maxHeaders: 1000,
  ignoreInvalidHeaders: true,
  underscoresInHeaders: false,
};

/** @throws {Error} when the question itself is malformed, or nothing listens for it */
export function explain(model: HttpModel, question: Question): readonly Step[] {
  using trial = new Trial(model);
  trial.ask(question);
  return trial.steps;
}

/** The tables of a configuration, made once for many questions. */
export class Trial {
  /** Of the question asked last. */
  steps: readonly Step[] = [];
  readonly #observer = new Observer();
  readonly #engine: Engine;

  constructor(model: HttpModel) {
    this.#engine = new Engine({
      workerId: 0,
      report() {},
      errorSink: (_, level, message) => this.#observer.note('log', `[${level}] ${message}`),
      errorLogs: [{ target: { kind: 'stderr' }, level: 'notice' }],
      observer: this.#observer,
    });
    this.#engine.prepare(1, silenced(model));
    this.#engine.commit(1);
  }

  /** @returns the request when its way is over @throws {Error} when the question is malformed, or nothing listens for it */
  ask(question: Question): Exchange {
    this.#observer.take(); // of a question that came to nothing
    const url = new URL(question.url);
    const tls = url.protocol === 'https:';
    const key = listenerOf(this.#engine.tables.model, url, tls);
    this.#observer.note('listener', `${key}${tls ? ' ssl' : ''}`);
    const exchange = ask(this.#engine, key, question, url, tls, this.#observer);
    this.steps = this.#observer.take();
    return exchange;
  }

  [Symbol.dispose](): void {
    this.#engine.closeAll();
  }
}

/** The question writes no log lines. */
function silenced(model: HttpModel): HttpModel {
  const quiet = (location: HttpModel['servers'][number]['root']): typeof location => ({
    ...location,
    settings: { ...location.settings, log: { ...location.settings.log, accessLogs: [], errorLogs: [] } },
    locations: location.locations.map(quiet),
    conditional: location.conditional.map(quiet),
    limitExcept: location.limitExcept && {
      ...location.limitExcept,
      location: quiet(location.limitExcept.location),
    },
  });
  return { ...model, servers: model.servers.map(server => ({ ...server, root: quiet(server.root) })) };
}

/** The listener that a client of the URL would reach: the address itself before a wildcard, by the port. */
function listenerOf(model: HttpModel, url: URL, tls: boolean): string {
  const port = Number(url.port || (tls ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const fitting = Object.entries(model.listens).filter(
    ([, listen]) => listen.kind === 'tcp' && listen.port === port && listen.tls === tls,
  );
  const found =
    fitting.find(([, { address }]) => address === host) ??
    fitting.find(([, { address }]) => address === '0.0.0.0' || address === '::') ??
    fitting[0];
  if (found) return found[0];
  const known = Object.keys(model.listens).join(', ') || 'none';
  throw new Error(
    `nothing listens on port ${port}${tls ? ' with ssl' : ' without ssl'}; the listeners are ${known}`,
  );
}

function ask(
  engine: Engine,
  key: string,
  { method, headers, clientAddress, target, body, atMs }: Question,
  url: URL,
  tls: boolean,
  observer: Observer,
): Exchange {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const host = headers.some(([name]) => name.toLowerCase() === 'host') ? '' : `Host: ${url.host}\r\n`;
  const text = `${method} ${target ?? url.pathname + url.search} HTTP/1.1\r\n${host}${lines}\r\n`;
  const head = parseRequestHead(text, 0, headEnd(text, 0), LIMITS);
  const uri = parseTarget(head.target, true);
  const finder = engine.tables.listeners.get(key)!;
  const hostname = cleanHost(head.host ?? '') ?? '';
  const server = finder.find(hostname);
  const names = server.model.serverName || '(no name)';
  observer.note(
    'server',
    `${names} for host "${hostname}"${server === finder.default ? ', the default server' : ''}`,
    server.model.site,
  );
  if (!uri) throw new Error(`${url.pathname} is no path that a client could ask for`);
  const connection = connectionOf(engine, key, clientAddress ?? '127.0.0.1', tls ? hostname : undefined);
  const clock = atMs === undefined ? engine.clock : clockAt(atMs);
  const exchange = new Exchange(head, server, engine.tables, connection, new Witness(observer), clock);
  exchange.host = hostname;
  exchange.path = uri.path;
  exchange.args = uri.args;
  finder.capture(exchange);
  if (body) exchange.body = bodyOf(body);
  exchange.start();
  return exchange;
}

const clockAt = (atMs: number): Clock => ({ nowMs: () => atMs, wallMs: () => atMs });

/** A body that has come already. */
function bodyOf(bytes: Buffer): RequestBody {
  const body = new RequestBody(bytes.length, { bodyWanted() {}, pauseReading() {}, resumeReading() {} });
  body.bodyData(bytes);
  body.bodyEnd();
  return body;
}

/** @param tlsName what the client names in its greeting; undefined without TLS */
function connectionOf(
  engine: Engine,
  key: string,
  remoteAddress: string,
  tlsName: string | undefined,
): Connection {
  const { address, port } = engine.tables.model.listens[key]!;
  return {
    id: 1,
    startedMs: engine.clock.nowMs(),
    requests: 1,
    fd: -1,
    remoteAddress,
    remotePort: 40_000,
    localAddress: address,
    localPort: port,
    tls: tlsName === undefined ? undefined : nameOnly(tlsName),
  };
}

/** Takes the answer in place of a client. */
class Witness implements Downstream {
  readonly protocol = 'HTTP/1.1';
  readonly bytesSent = 0;
  readonly bodyBytesSent = 0;
  readonly #observer: Observer;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  writeHead(_exchange: Exchange, { status, headers }: Response): void {
    const location = headers.get('location');
    this.#observer.note('answer', `${status}${location === undefined ? '' : ` to ${location}`}`);
  }
  write(): boolean {
    return true;
  }
  end(): void {}
  writeInformation(): void {}
  reset(): void {
    this.#observer.note('answer', 'the connection is closed without one');
  }
  tunnel(): undefined {}
  tunnelEnded(): void {}
}
