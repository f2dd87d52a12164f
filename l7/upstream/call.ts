/** One proxied request: tries members until one answers, passes body and answer through. */
import type { NextUpstreamCase, ProxySettings } from '#model/l7/proxy.ts';
import type { BodyStore, StoreReader } from '../downstream/body-store.ts';
import { keepBody } from '../downstream/keep-body.ts';
import type { RequestBody } from '../downstream/request-body.ts';
import type { Exchange } from '../exchange.ts';
import { HeaderList } from '../message.ts';
import type { BodySource } from '../response.ts';
import { LocalFault } from '../transport/connect.ts';
import { relay } from '../transport/relay.ts';
import type { Text } from '../variable/space.ts';
import type { Attempt } from '../variable/upstream.ts';
import { CHUNKED } from '../wire/h1/request-head.ts';
import type { ResponseHead } from '../wire/h1/response.ts';
import { parseFields } from '../wire/h1/response.ts';
import type { AnswerMaker } from './answer.ts';
import { AnswerFlow, type AnswerSource } from './answer-flow.ts';
import type { CallFailure, UpstreamCall, UpstreamConnection } from './connection.ts';
import type { Connector } from './connector.ts';
import type { HintPasser } from './early-hints.ts';
import { doing } from './failure.ts';
import { type Member, type MemberSeeker, type Outcome, type Pool, WAITING } from './pool.ts';
import type { RequestText } from './request.ts';

/** What a location's proxy_* directives compile to. */
export interface ProxyRoute {
  readonly settings: ProxySettings;
  readonly request: RequestText;
  /** What is asked of the server, for the log. */
  readonly uri: (exchange: Exchange) => string;
  readonly answer: AnswerMaker;
  /** early_hints; undefined: none pass. */
  readonly hints: HintPasser | undefined;
  readonly connector: (exchange: Exchange) => Connector;
  /** proxy_set_body. */
  readonly body: Text | undefined;
  /** proxy_limit_rate; 0: none. */
  readonly bytesPerS: (exchange: Exchange) => number;
  readonly next: ReadonlySet<NextUpstreamCase>;
}

const NOT_IDEMPOTENT = new Set(['POST', 'LOCK', 'PATCH']);
const CASE_OF: Record<CallFailure, NextUpstreamCase> = {
  connect: 'error',
  closed: 'error',
  invalid: 'invalid_header',
  timeout: 'timeout',
};

export class ProxyCall implements UpstreamCall, BodySource, MemberSeeker, AnswerSource {
  readonly exchange: Exchange;
  readonly mostHeadBytes: number;
  tried: Set<Member> | undefined;
  waitingSinceMs = 0;
  queuedMs = -1;
  readonly #pool: Pool;
  readonly #route: ProxyRoute;
  readonly #startedMs: number;
  #connection: UpstreamConnection | undefined;
  #member: Member | undefined;
  #attempt: Attempt | undefined;
  #attemptMs = 0;
  #tries = 0;
  #store: BodyStore | undefined;
  #reader: StoreReader | undefined;
  /** Made when the client falls behind. */
  #flow: AnswerFlow | undefined;
  #requestSent = false;
  #discarding = false;
  #over = false;

  constructor(exchange: Exchange, pool: Pool, route: ProxyRoute) {
    this.exchange = exchange;
    this.#pool = pool;
    this.#route = route;
    this.mostHeadBytes = route.settings.bufferBytes;
    this.#startedMs = exchange.clock.nowMs();
  }

  start(): void {
    const { exchange } = this;
    exchange.setSource(this);
    exchange.upstreamUri = this.#route.uri;
    const { settings } = this.#route;
    const { body, storedBody } = exchange;
    // A part of it went to a server that failed before this one.
    if (body?.wanted && !storedBody) body.forsake();
    if (storedBody && settings.passRequestBody && !this.#route.body) this.#store = storedBody;
    else if (!body || body.discarded || !settings.passRequestBody || this.#route.body) body?.discard();
    else if (settings.requestBuffering || this.#needsLength(body)) return this.#collect();
    this.#try();
  }

  /** HTTP/1.0 knows no chunks: the length of a body has to be said before it. */
  #needsLength(body: RequestBody): boolean {
    return body.length === CHUNKED && this.#route.settings.httpVersion === '1.0';
  }

  /** proxy_request_buffering: no server is bothered before the whole body is here. */
  #collect(): void {
    keepBody(this.exchange, kept => {
      if (this.#over) return;
      if (!kept) return this.#fail(500);
      this.#store = this.exchange.storedBody;
      this.#try();
    });
  }

  #try(): void {
    const picked = this.#pool.pick(this);
    if (picked !== WAITING) this.chosen(picked);
  }

  /** The pool's answer, at once or after a wait in its queue. */
  chosen(member: Member | undefined): void {
    const { exchange } = this;
    if (!member) return this.#nobody();
    this.#tries++;
    this.#member = member;
    this.#attemptMs = exchange.clock.nowMs();
    this.#note(newAttempt(member.address, member.model.name, this.#attempt === undefined));
    this.#requestSent = false;
    const connection = this.#connect(member);
    if (!connection) return;
    this.#connection = connection;
    connection.expect(this.#route.settings.connectTimeoutMs);
    connection.use(this);
  }

  #note(attempt: Attempt): void {
    const { exchange } = this;
    this.#attempt = attempt;
    attempt.queueMs = this.queuedMs;
    exchange.attempts = exchange.attempts.length === 0 ? [attempt] : [...exchange.attempts, attempt];
  }

  /** As in nginx the pool stands in the place of the member. */
  #nobody(): void {
    // What stands for an address has more in its name.
    const [name = ''] = this.#pool.model.name.split(' ');
    const attempt = newAttempt(name, '', this.#attempt === undefined);
    attempt.status = 502;
    attempt.responseMs = 0;
    this.#note(attempt);
    this.exchange.log('error', 'no live upstreams while connecting to upstream');
    this.#fail(502);
  }

  /** @returns undefined when this machine has no way to the member, which ends the request: no other member would do better */
  #connect(member: Member): UpstreamConnection | undefined {
    const { exchange } = this;
    try {
      return this.#pool.connect(member, this.#route.connector(exchange));
    } catch (error) {
      if (!(error instanceof LocalFault)) throw error;
      exchange.log('crit', `${error.message} while connecting to upstream`);
      this.#finishAttempt('cancelled');
      this.#fail(500);
      return undefined;
    }
  }

  connected(): void {
    const { exchange } = this;
    const { settings } = this.#route;
    const connection = this.#connection!;
    this.#attempt!.connectMs = exchange.clock.nowMs() - this.#attemptMs;
    this.#requestSent = true;
    if (this.#route.body) return this.#sendText(this.#route.body(exchange));
    const { body } = exchange;
    const length = this.#store
      ? this.#store.bytes
      : body === undefined || body.discarded || !settings.passRequestBody
        ? 0
        : body.length;
    const head = this.#route.request(exchange, length);
    this.#attempt!.bytesSent = head.length;
    if (length === 0) {
      connection.transport.writeText(head);
      connection.requestSent();
      return connection.expect(settings.readTimeoutMs);
    }
    this.#sendBody(head, length, connection);
  }

  #sendText(text: string): void {
    const connection = this.#connection!;
    const head = this.#route.request(this.exchange, text.length);
    connection.transport.writeText(head + text);
    this.#attempt!.bytesSent = head.length + text.length;
    connection.requestSent();
    connection.expect(this.#route.settings.readTimeoutMs);
  }

  #sendBody(head: string, length: number, connection: UpstreamConnection): void {
    const { transport } = connection;
    const attempt = this.#attempt!;
    const chunked = length === CHUNKED;
    attempt.sending = true;
    let pending = head;
    const taker = {
      bodyData: (data: Buffer) => {
        if (this.#connection !== connection) return;
        if (chunked) pending += `${data.length.toString(16)}\r\n`;
        if (pending !== '') transport.writeText(pending);
        pending = '';
        const ready = connection.write(data);
        if (chunked) transport.writeText('\r\n');
        attempt.bytesSent += data.length;
        if (!ready) this.#pauseBody();
        this.#expectSent(connection);
      },
      bodyEnd: () => {
        if (this.#connection !== connection) return;
        attempt.sending = false;
        transport.writeText(chunked ? `${pending}0\r\n\r\n` : pending);
        connection.requestSent();
        connection.expect(this.#route.settings.readTimeoutMs);
      },
    };
    if (this.#store) {
      this.#reader = this.#store.reader(taker, error => this.#bodyLost(error));
      return this.#reader.start();
    }
    const { body } = this.exchange;
    connection.expectNothing();
    // The head goes at once: a streamed body may begin late.
    if (body!.receivedBytes === 0) {
      transport.writeText(pending);
      pending = '';
    }
    body!.stream(taker);
  }

  /** What the client sent is gone, and no other member could be given it either. */
  #bodyLost(error: Error): void {
    const { exchange } = this;
    exchange.log('crit', `cannot read a temporary file: ${error.message}`);
    const answering = exchange.response !== undefined;
    this.cancel();
    if (answering) exchange.abort(500);
    else exchange.finish(500);
  }

  /** proxy_send_timeout is for a server that does not read; for a client that does not send there is another. */
  #expectSent(connection: UpstreamConnection): void {
    if (this.exchange.response) return;
    if (connection.transport.pendingBytes > 0) connection.expect(this.#route.settings.sendTimeoutMs);
    else connection.expectNothing();
  }

  #pauseBody(): void {
    if (this.#reader) this.#reader.pause();
    else this.exchange.body?.pause();
  }

  drained(): void {
    if (this.#attempt?.sending && this.#connection) this.#expectSent(this.#connection);
    if (this.#reader) this.#reader.resume();
    else if (!this.#store) this.exchange.body?.resume();
  }

  information(head: ResponseHead): void {
    if (head.status === 103) this.#route.hints?.(this.exchange, head);
  }

  responseHead(head: ResponseHead): boolean {
    const { exchange } = this;
    const attempt = this.#attempt!;
    attempt.status = head.status;
    attempt.headerMs = exchange.clock.nowMs() - this.#attemptMs;
    attempt.bytesReceived = this.#connection!.bytesReceived;
    this.#connection!.expect(this.#route.settings.readTimeoutMs);
    if (this.#tryNext(statusCase(head.status))) return false;
    exchange.upstreamHeaders = head.headers;
    const bodyDue = exchange.method !== 'HEAD';
    if (head.status === 101) return this.#upgrade(head);
    if (head.status < 300 && exchange.head.opensTunnel && exchange.main === exchange) {
      // To the client this would say that the tunnel stands.
      const connection = this.#connection!;
      this.failed('invalid', `upstream sent ${head.status} to a request for an upgrade`);
      connection.destroy();
      return false;
    }
    if (this.#intercept(head)) return bodyDue;
    const response = this.#route.answer(exchange, head, bodyDue);
    if (response === undefined) return this.#detach(bodyDue);
    this.#pool.answered(this, this.#member!, response);
    if (!exchange.respond(response, this)) return false;
    if (bodyDue) this.#limitRate();
    return bodyDue;
  }

  #limitRate(): void {
    const { exchange } = this;
    const rate = this.#route.bytesPerS(exchange);
    if (rate > 0 && this.#buffers) this.#flow = new AnswerFlow(exchange, this.#route.settings, this, rate);
  }

  /** Whether the server is spared the pace of the client. */
  get #buffers(): boolean {
    return this.exchange.bufferAnswer ?? this.#route.settings.buffering;
  }

  /** proxy_intercept_errors: the answer becomes an error page, where there is one for its status. */
  #intercept(head: ResponseHead): boolean {
    const { exchange } = this;
    if (
      !this.#route.settings.interceptErrors ||
      head.status < 300 ||
      !exchange.location.errorPages.has(head.status)
    )
      return false;
    if (head.status === 401) exchange.challenges = head.headers.all('www-authenticate');
    this.#detach(true);
    exchange.finish(head.status);
    return true;
  }

  /** Somebody else answers; what the server still sends is read and dropped, so that its connection can be kept. */
  #detach(bodyDue: boolean): boolean {
    this.#discarding = true;
    return bodyDue;
  }

  #upgrade(head: ResponseHead): boolean {
    const { exchange } = this;
    const connection = this.#connection!;
    if (exchange.main.head.upgrade === undefined) {
      this.failed('invalid', 'upstream sent 101 to a request without Upgrade');
      connection.destroy();
      return false;
    }
    const response = this.#route.answer(exchange, head, false);
    if (response === undefined) return false;
    response.upgraded = true;
    const upgrade = head.headers.get('upgrade');
    if (upgrade !== undefined) response.headers.append('Upgrade', upgrade);
    response.headers.append('Connection', 'upgrade');
    this.#pool.answered(this, this.#member!, response);
    exchange.respond(response, this);
    const client = exchange.downstream.tunnel();
    if (!client) return false;
    connection.expectNothing();
    const idleMs = this.#route.settings.readTimeoutMs;
    relay(client, connection.transport, idleMs, exchange.clock, (fromClient, fromServer) => {
      connection.bytesReceived += fromServer;
      this.#attempt!.bodyBytes = fromServer;
      this.#attempt!.bytesSent += fromClient;
      this.#finishAttempt('ok');
      this.#over = true;
      connection.destroy();
      exchange.downstream.tunnelEnded(fromServer);
    });
    return false;
  }

  responseData(data: Buffer): void {
    this.#attempt!.bodyBytes += data.length;
    if (this.#discarding) return;
    const connection = this.#connection!;
    connection.expect(this.#route.settings.readTimeoutMs);
    if (this.#flow) this.#flow.data(data);
    else if (!this.exchange.write(data)) this.#clientBehind();
  }

  #clientBehind(): void {
    if (!this.#buffers) return this.holdReading(true);
    this.#flow = new AnswerFlow(this.exchange, this.#route.settings, this, 0);
    this.#flow.clientBehind();
  }

  holdReading(held: boolean): void {
    const connection = this.#connection;
    if (!connection) return;
    if (held) {
      connection.transport.pause();
      connection.expectNothing();
    } else {
      connection.transport.resume();
      connection.expect(this.#route.settings.readTimeoutMs);
    }
  }

  excess(): void {
    if (!this.#discarding)
      this.exchange.log('warn', 'upstream sent more data than its answer has while reading upstream');
  }

  responseEnd(trailer: string): void {
    if (trailer !== '' && this.#route.settings.passTrailers && !this.#discarding) this.#passTrailers(trailer);
    this.#finishAttempt('ok');
    this.#over = true;
    this.#reader?.stop();
    if (this.#discarding) return;
    if (this.#flow) this.#flow.finish();
    else this.exchange.end();
  }

  #passTrailers(trailer: string): void {
    const fields = new HeaderList();
    parseFields(trailer, fields);
    this.exchange.upstreamTrailers = fields;
    const { response } = this.exchange;
    if (response) response.trailers = fields;
  }

  failed(failure: CallFailure, reason: string): void {
    const { exchange } = this;
    const reused = this.#connection?.reused ?? false;
    if (!this.#discarding) exchange.log('error', `${reason} while ${doing(this.#attempt!)}`);
    if (this.#discarding || exchange.response) {
      this.#finishAttempt('failed');
      this.#over = true;
      if (this.#discarding) return;
      // A part is out already: the cut must show, it must not pass as whole.
      if (this.#flow) this.#flow.cut();
      else exchange.abort(502);
      return;
    }
    // A kept connection that the server closed meanwhile is nobody's failure: it costs no try, and the member is not to blame.
    const stale = reused && failure === 'closed';
    if (stale) this.#tries--;
    if (this.#tryNext(CASE_OF[failure], stale ? 'cancelled' : 'failed')) return;
    this.#attempt!.status ||= failure === 'timeout' ? 504 : 502;
    this.#finishAttempt('failed');
    this.#fail(failure === 'timeout' ? 504 : 502);
  }

  /** Turns to the next member if proxy_next_upstream allows it in this case. @returns whether it did */
  #tryNext(what: NextUpstreamCase | undefined, outcome = outcomeOf(what)): boolean {
    if (what === undefined || !this.#mayTryNext(what)) return false;
    const connection = this.#connection;
    if (outcome !== 'cancelled') (this.tried ??= new Set()).add(this.#member!);
    this.#attempt!.status ||= what === 'timeout' ? 504 : 502;
    this.#reader?.stop();
    this.#finishAttempt(outcome);
    connection?.destroy();
    this.#try();
    return true;
  }

  #mayTryNext(what: NextUpstreamCase): boolean {
    const { settings, next } = this.#route;
    if (!next.has(what)) return false;
    if (settings.nextUpstreamTries > 0 && this.#tries >= settings.nextUpstreamTries) return false;
    if (
      settings.nextUpstreamTimeoutMs > 0 &&
      this.exchange.clock.nowMs() - this.#startedMs >= settings.nextUpstreamTimeoutMs
    )
      return false;
    if (this.#requestSent && NOT_IDEMPOTENT.has(this.exchange.method) && !next.has('non_idempotent'))
      return false;
    if (this.#requestSent && this.exchange.body && !this.#store && this.exchange.body.wanted) return false;
    return this.#tries < this.#pool.tries;
  }

  #finishAttempt(outcome: Outcome): void {
    const attempt = this.#attempt;
    if (!attempt || !this.#member) return;
    attempt.responseMs = this.exchange.clock.nowMs() - this.#attemptMs;
    attempt.bytesReceived = this.#connection?.bytesReceived ?? 0;
    this.#pool.ended(this, this.#member, outcome, attempt);
    this.#member = undefined;
    this.#connection = undefined;
  }

  #fail(status: number): void {
    this.#over = true;
    this.exchange.setSource(undefined);
    this.exchange.finish(status);
  }

  pause(): void {
    this.holdReading(true);
  }

  resume(): void {
    if (this.#flow) this.#flow.drained();
    else this.holdReading(false);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    const connection = this.#connection;
    if (!connection) return this.#pool.leave(this);
    this.#reader?.stop();
    this.#finishAttempt('cancelled');
    connection.destroy();
  }
}

/** A member that has nothing for the client, or refuses him, has not failed. */
const outcomeOf = (what: NextUpstreamCase | undefined): Outcome =>
  what === 'http_403' || what === 'http_404' ? 'declined' : 'failed';

const STATUS_CASES: Readonly<Record<number, NextUpstreamCase>> = {
  500: 'http_500',
  502: 'http_502',
  503: 'http_503',
  504: 'http_504',
  403: 'http_403',
  404: 'http_404',
  429: 'http_429',
};

const statusCase = (status: number): NextUpstreamCase | undefined =>
  status < 400 ? undefined : STATUS_CASES[status];

function newAttempt(member: string, serverName: string, opens: boolean): Attempt {
  return {
    member,
    serverName,
    opens,
    status: 0,
    connectMs: -1,
    headerMs: -1,
    queueMs: -1,
    responseMs: -1,
    sending: false,
    bytesSent: 0,
    bytesReceived: 0,
    bodyBytes: 0,
  };
}
