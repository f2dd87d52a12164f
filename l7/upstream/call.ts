/** One proxied request: tries members until one answers, passes body and answer through. */
import type { ProxySettings } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { type BodySource, Response, UNKNOWN_LENGTH } from '../response.ts';
import type { Attempt } from '../variable/upstream.ts';
import { CHUNKED } from '../wire/h1/request.ts';
import { type ResponseHead, UNTIL_CLOSE } from '../wire/h1/response.ts';
import type { CallFailure, UpstreamCall, UpstreamConnection } from './connection.ts';
import { type Member, type MemberSeeker, type Outcome, type Pool, WAITING } from './pool.ts';
import type { RequestText } from './request.ts';

export interface ProxyRoute {
  readonly settings: ProxySettings;
  readonly request: RequestText;
  readonly tls: boolean;
}

/** Fields that belong to the upstream's connection or that moat writes itself. */
const HIDDEN = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'date',
  'server',
  'x-pad',
  'upgrade',
  'x-accel-expires',
  'x-accel-redirect',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
]);

export class ProxyCall implements UpstreamCall, BodySource, MemberSeeker {
  readonly exchange: Exchange;
  tried: Set<Member> | undefined;
  readonly #pool: Pool;
  readonly #route: ProxyRoute;
  #connection: UpstreamConnection | undefined;
  #member: Member | undefined;
  #attempt: Attempt | undefined;
  #startedMs = 0;
  #triesLeft: number;
  #over = false;

  constructor(exchange: Exchange, pool: Pool, route: ProxyRoute) {
    this.exchange = exchange;
    this.#pool = pool;
    this.#route = route;
    this.#triesLeft = pool.tries;
  }

  start(): void {
    this.exchange.setSource(this);
    this.#try();
  }

  #try(): void {
    const picked = this.#pool.pick(this);
    if (picked !== WAITING) this.chosen(picked);
  }

  chosen(member: Member | undefined): void {
    const { exchange } = this;
    if (!member) {
      exchange.log('error', 'no live upstreams while connecting to upstream');
      return this.#fail(502);
    }
    this.#member = member;
    this.#startedMs = exchange.clock.nowMs();
    this.#attempt = {
      member: member.address,
      status: 0,
      connectMs: -1,
      headerMs: -1,
      responseMs: -1,
      bytesSent: 0,
      bytesReceived: 0,
      bodyBytes: 0,
    };
    exchange.attempts =
      exchange.attempts.length === 0 ? [this.#attempt] : [...exchange.attempts, this.#attempt];
    this.#connection = this.#pool.connect(member);
    this.#connection.use(this);
  }

  connected(): void {
    const exchange = this.exchange;
    const connection = this.#connection!;
    this.#attempt!.connectMs = exchange.clock.nowMs() - this.#startedMs;
    const { body } = exchange;
    const length = body === undefined ? 0 : body.length;
    const head = this.#route.request(exchange, length);
    this.#attempt!.bytesSent = head.length;
    connection.writeText(head);
    if (!body) return connection.requestSent();
    body.stream({
      bodyData: data => {
        if (length === CHUNKED) connection.writeText(`${data.length.toString(16)}\r\n`);
        const ready = connection.write(data);
        if (length === CHUNKED) connection.writeText('\r\n');
        if (!ready) body.pause();
      },
      bodyEnd: () => {
        if (length === CHUNKED) connection.writeText('0\r\n\r\n');
        connection.requestSent();
      },
    });
  }

  drained(): void {
    this.exchange.body?.resume();
  }

  responseHead(head: ResponseHead): boolean {
    const exchange = this.exchange;
    const attempt = this.#attempt!;
    attempt.status = head.status;
    attempt.headerMs = exchange.clock.nowMs() - this.#startedMs;
    exchange.upstreamHeaders = head.headers;
    const response = new Response(head.status);
    response.reason = head.reason;
    response.contentLength = head.bodyLength >= 0 ? head.bodyLength : UNKNOWN_LENGTH;
    const { names, keys, values } = head.headers;
    for (let at = 0; at < keys.length; at++) {
      if (!HIDDEN.has(keys[at]!)) response.headers.add(names[at]!, keys[at]!, values[at]!);
    }
    this.#pool.answered(exchange, this.#member!, response);
    exchange.respond(response, this);
    return exchange.method !== 'HEAD' && head.bodyLength !== UNTIL_CLOSE - 1;
  }

  bodyData(data: Buffer): void {
    this.#attempt!.bodyBytes += data.length;
    if (!this.exchange.write(data)) this.#connection?.pause();
  }

  bodyEnd(): void {
    this.#finishAttempt('ok');
    this.#over = true;
    this.exchange.end();
  }

  failed(failure: CallFailure, reason: string): void {
    const exchange = this.exchange;
    this.#finishAttempt('failed');
    exchange.log('error', `${reason} (${failure}) while talking to upstream`);
    if (exchange.response) return this.#fail(502);
    (this.tried ??= new Set()).add(this.#member!);
    if (--this.#triesLeft <= 0) return this.#fail(failure === 'timeout' ? 504 : 502);
    this.#try();
  }

  #finishAttempt(outcome: Outcome): void {
    const attempt = this.#attempt!;
    attempt.responseMs = this.exchange.clock.nowMs() - this.#startedMs;
    attempt.bytesReceived = this.#connection?.bytesReceived ?? 0;
    this.#pool.ended(this.#member!, outcome, attempt);
    this.#connection = undefined;
  }

  #fail(status: number): void {
    this.#over = true;
    this.exchange.setSource(undefined);
    this.exchange.finish(status);
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    const connection = this.#connection;
    if (!connection) return this.#pool.leave(this);
    this.#finishAttempt('cancelled');
    connection.destroy();
  }
}
