/** One proxied request: tries members until one answers, passes body and answer through. */
import type { NextUpstreamCase } from '#model/l7/proxy.ts';
import type { BodyStore } from '../downstream/body-store.ts';
import { keepBody } from '../downstream/keep-body.ts';
import type { RequestBody } from '../downstream/request-body.ts';
import type { Exchange } from '../exchange.ts';
import type { BodySource } from '../response.ts';
import { LocalFault } from '../transport/connect.ts';
import type { Attempt } from '../variable/upstream.ts';
import { CHUNKED } from '../wire/h1/request-head.ts';
import type { ResponseHead } from '../wire/h1/response.ts';
import { AnswerFlow, type AnswerSource } from './answer-flow.ts';
import { addAttempt } from './attempt.ts';
import { type BodyOwner, BodySender } from './body-sender.ts';
import type { CallFailure, UpstreamCall } from './connection.ts';
import { doing } from './failure.ts';
import { intercepts } from './intercept.ts';
import type { MemberConnection } from './member-connection.ts';
import { FAILURE_CASES, mayTryNext, outcomeOf, statusCase, type TriesSoFar } from './next-try.ts';
import { type Member, type MemberSeeker, type Outcome, type Pool, WAITING } from './pool.ts';
import type { ProxyRoute } from './route.ts';
import { passTrailers } from './trailers.ts';
import { markUpgraded, openTunnel, upgradeFault } from './upgrade.ts';

export class ProxyCall
  implements UpstreamCall, BodySource, MemberSeeker, AnswerSource, BodyOwner, TriesSoFar
{
  readonly exchange: Exchange;
  readonly mostHeadBytes: number;
  readonly startedMs: number;
  tries = 0;
  requestSent = false;
  tried: Set<Member> | undefined;
  waitingSinceMs = 0;
  queuedMs = -1;
  readonly #pool: Pool;
  readonly #route: ProxyRoute;
  #connection: MemberConnection | undefined;
  #member: Member | undefined;
  #attempt: Attempt | undefined;
  #attemptMs = 0;
  #store: BodyStore | undefined;
  /** Of a request with a body. */
  #sender: BodySender | undefined;
  /** Made when the client falls behind. */
  #flow: AnswerFlow | undefined;
  /** Somebody else answers; what the server still sends is read and dropped, so that its connection can be kept. */
  #discarding = false;
  #over = false;

  constructor(exchange: Exchange, pool: Pool, route: ProxyRoute) {
    this.exchange = exchange;
    this.#pool = pool;
    this.#route = route;
    this.mostHeadBytes = route.settings.bufferBytes;
    this.startedMs = exchange.clock.nowMs();
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
    this.tries++;
    this.#member = member;
    this.#attemptMs = exchange.clock.nowMs();
    this.#note(member.address, member.model.name);
    this.requestSent = false;
    const connection = this.#connect(member);
    if (!connection) return;
    this.#connection = connection;
    connection.expect(this.#route.settings.connectTimeoutMs);
    connection.use(this);
  }

  #note(member: string, serverName: string): Attempt {
    const opens = this.#attempt === undefined;
    this.#attempt = addAttempt(this.exchange, member, serverName, opens, this.queuedMs);
    return this.#attempt;
  }

  /** As in nginx the pool stands in the place of the member. */
  #nobody(): void {
    // What stands for an address has more in its name.
    const [name = ''] = this.#pool.model.name.split(' ');
    const attempt = this.#note(name, '');
    attempt.status = 502;
    attempt.responseMs = 0;
    this.exchange.log('error', 'no live upstreams while connecting to upstream');
    this.#fail(502);
  }

  /** @returns undefined when this machine has no way to the member, which ends the request: no other member would do better */
  #connect(member: Member): MemberConnection | undefined {
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
    this.requestSent = true;
    const text = this.#route.body?.(exchange);
    const length = text === undefined ? this.#bodyLength() : text.length;
    const head = this.#route.request(exchange, length);
    this.#attempt!.bytesSent = head.length;
    if (text === undefined && length !== 0) return this.#sendBody(head, length, connection);
    if (text !== undefined) this.#attempt!.bytesSent += text.length;
    connection.sendWhole(head, text ?? '');
    connection.expect(settings.readTimeoutMs);
  }

  /** Bytes, or CHUNKED. */
  #bodyLength(): number {
    if (this.#store) return this.#store.bytes;
    const { body } = this.exchange;
    return body === undefined || body.discarded || !this.#route.settings.passRequestBody ? 0 : body.length;
  }

  #sendBody(head: string, length: number, connection: MemberConnection): void {
    const { settings } = this.#route;
    const sender = new BodySender(
      this,
      settings,
      connection,
      this.#attempt!,
      length === CHUNKED && !connection.framesBodies,
    );
    this.#sender = sender;
    if (this.#store) sender.read(head, this.#store);
    else sender.stream(head);
  }

  /** What the client sent is gone, and no other member could be given it either. */
  bodyLost(error: Error): void {
    const { exchange } = this;
    exchange.log('crit', `cannot read a temporary file: ${error.message}`);
    const answering = exchange.response !== undefined;
    this.cancel();
    if (answering) exchange.abort(500);
    else exchange.finish(500);
  }

  drained(): void {
    this.#sender?.drained();
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
    const fault = upgradeFault(exchange, head.status);
    if (fault !== undefined) return this.#refuse(fault);
    if (head.status === 101) return this.#upgrade(head);
    if (intercepts(exchange, this.#route.settings, head)) {
      this.#discarding = true;
      exchange.finish(head.status);
      return bodyDue;
    }
    const response = this.#route.answer(exchange, head, bodyDue);
    if (response === undefined) {
      this.#discarding = true;
      return bodyDue;
    }
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

  /** The answer is none to this request. */
  #refuse(reason: string): false {
    const connection = this.#connection!;
    this.failed('invalid', reason);
    connection.destroy();
    return false;
  }

  #upgrade(head: ResponseHead): boolean {
    const { exchange } = this;
    const connection = this.#connection!;
    const response = this.#route.answer(exchange, head, false);
    if (response === undefined) return false;
    markUpgraded(response, head);
    this.#pool.answered(this, this.#member!, response);
    exchange.respond(response, this);
    openTunnel(exchange, connection, this.#attempt!, this.#route.settings.readTimeoutMs, () => {
      this.#finishAttempt('ok');
      this.#over = true;
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
    connection.hold(held);
    if (held) connection.expectNothing();
    else connection.expect(this.#route.settings.readTimeoutMs);
  }

  excess(): void {
    if (!this.#discarding)
      this.exchange.log('warn', 'upstream sent more data than its answer has while reading upstream');
  }

  responseEnd(trailer: string): void {
    if (trailer !== '' && this.#route.settings.passTrailers && !this.#discarding)
      passTrailers(this.exchange, trailer);
    this.#finishAttempt('ok');
    this.#over = true;
    if (this.#discarding) return;
    if (this.#flow) this.#flow.finish();
    else this.exchange.end();
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
    if (stale) this.tries--;
    if (this.#tryNext(FAILURE_CASES[failure], stale ? 'cancelled' : 'failed')) return;
    this.#attempt!.status ||= failure === 'timeout' ? 504 : 502;
    this.#finishAttempt('failed');
    this.#fail(failure === 'timeout' ? 504 : 502);
  }

  /** Turns to the next member if proxy_next_upstream allows it in this case. @returns whether it did */
  #tryNext(what: NextUpstreamCase | undefined, how?: Outcome): boolean {
    if (what === undefined || !mayTryNext(what, this.#route, this, this.#pool.tries)) return false;
    const connection = this.#connection;
    const outcome = how ?? outcomeOf(what);
    if (outcome !== 'cancelled') (this.tried ??= new Set()).add(this.#member!);
    this.#attempt!.status ||= what === 'timeout' ? 504 : 502;
    this.#finishAttempt(outcome);
    connection?.destroy();
    this.#try();
    return true;
  }

  /** The body can be sent once more. */
  get bodyKept(): boolean {
    return this.#store !== undefined;
  }

  #finishAttempt(outcome: Outcome): void {
    const attempt = this.#attempt;
    if (!attempt || !this.#member) return;
    attempt.responseMs = this.exchange.clock.nowMs() - this.#attemptMs;
    attempt.bytesReceived = this.#connection?.bytesReceived ?? 0;
    this.#pool.ended(this, this.#member, outcome, attempt);
    this.#member = undefined;
    this.#connection = undefined;
    this.#sender?.stop();
    this.#sender = undefined;
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
    this.#finishAttempt('cancelled');
    connection.destroy();
  }
}
