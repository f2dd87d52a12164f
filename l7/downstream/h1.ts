/** A client's HTTP/1.x connection: heads in, exchanges one after the other, answers out. */
import type { CoreSettings } from '#model/l7/core.ts';
import type { HeadMarks } from '#native/head-marks.ts';
import { CLOSE_WITHOUT_ANSWER } from '../content/return.ts';
import { Deadline, type DeadlineOwner } from '../deadline.ts';
import type { Engine } from '../engine.ts';
import { Exchange } from '../exchange.ts';
import type { ListenerTable } from '../listen.ts';
import type { Response } from '../response.ts';
import type { ServerTable, Tables } from '../tables.ts';
import { tlsRefusal } from '../tls/gate.ts';
import type { TunnelEnd } from '../transport/relay.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import { BodyFault, type BodyReader, ChunkedReader, LengthReader } from '../wire/h1/body.ts';
import { CHUNKED, type RequestHead, WireFault } from '../wire/h1/request-head.ts';
import { parseTarget } from '../wire/h1/uri.ts';
import { answeredForServer, refusedMethod, refuseTarget } from './admission.ts';
import type { Connection, ConnectionFacts, Downstream, ProxiedAddress, TlsInfo } from './downstream.ts';
import { AnswerWriter } from './h1-answer.ts';
import { HeadReader, refusedHead } from './h1-head.ts';
import { cleanHost } from './host.ts';
import { type BodyControl, RequestBody } from './request-body.ts';

/** Pipelined bytes that are held while a request is being answered; above it the socket is not read. */
const MOST_HELD_BYTES = 65_536;
/** How long a connection without a request yet is kept when moat stops. */
const FIRST_REQUEST_GRACE_MS = 1000;

export class H1Connection implements Connection, Downstream, BodyControl, TransportOwner, DeadlineOwner {
  readonly id: number;
  readonly startedMs: number;
  requests = 0;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsInfo | undefined;
  readonly proxied: ProxiedAddress | undefined;
  readonly plainOnTlsPort: boolean;
  protocol = 'HTTP/1.1';

  readonly #engine: Engine;
  #listener: ListenerTable;
  /** Those that #listener is of. */
  #tables: Tables;
  #transport!: Transport;
  /** Whose settings hold until a request names its server. */
  #first: ServerTable;
  readonly #head = new HeadReader();
  #answer!: AnswerWriter;
  #held: Buffer | undefined;
  #exchange: Exchange | undefined;
  #body: RequestBody | undefined;
  #reader: BodyReader | undefined;
  #paused = false;
  #ended = false;
  /** What is read next came while the request before was answered: $pipe. */
  #pipelined = false;
  #lingering = false;
  /** When reading on after the last answer ends, whatever comes. */
  #lingerUntilMs = 0;
  #lingerStepMs = 0;
  /** A head was refused before all of it was read: the client may still be sending. */
  #unread = false;
  /** The settings by which the connection is kept after an answer, and since when. */
  #kept: CoreSettings | undefined;
  #keptSinceMs = 0;
  #expectContinue = false;
  #tunnel = false;
  readonly #deadline: Deadline;

  constructor(engine: Engine, listener: ListenerTable, facts: ConnectionFacts) {
    this.#engine = engine;
    this.#listener = listener;
    this.#tables = engine.tables;
    this.id = engine.nextConnectionId();
    this.startedMs = engine.clock.nowMs();
    this.#deadline = new Deadline(engine.clock, this);
    this.remoteAddress = facts.remoteAddress;
    this.remotePort = facts.remotePort;
    this.localAddress = facts.localAddress;
    this.localPort = facts.localPort;
    this.tls = facts.tls;
    this.proxied = facts.proxied;
    this.plainOnTlsPort = facts.plainOnTlsPort ?? false;
    this.#first = facts.tls ? listener.find(facts.tls.serverName) : listener.default;
  }

  /** The connection stands; from here on its bytes come. */
  open(transport: Transport): void {
    this.#transport = transport;
    this.#answer = new AnswerWriter(transport);
    this.#deadline.set(this.#serverCore().clientHeaderTimeoutMs);
  }

  transportConnected(): void {}

  transportDrained(): void {
    this.#exchange?.resumeSource();
  }

  get fd(): number {
    return this.#transport.fd;
  }

  get bytesSent(): number {
    return this.#answer.bytesSent;
  }

  get bodyBytesSent(): number {
    return this.#answer.bodyBytesSent;
  }

  /** True between requests: such connections are closed first when moat stops. */
  get idle(): boolean {
    return this.#exchange === undefined && this.#head.text === '' && !this.#tunnel;
  }

  transportData(bytes: Buffer, head?: HeadMarks): void {
    if (this.#lingering) return this.#lingerOn();
    let rest = bytes;
    if (this.#reader && !this.#reader.done) {
      const used = this.#feedBody(rest);
      if (used === rest.length) return;
      rest = rest.subarray(used);
    }
    if (this.#exchange) return this.#hold(rest);
    this.#readHead(rest, rest === bytes ? head : undefined);
  }

  #feedBody(bytes: Buffer): number {
    try {
      const used = this.#reader!.feed(bytes, this.#body!);
      if (this.#exchange) this.#deadline.set(this.#exchange.location.core.clientBodyTimeoutMs);
      else if (this.#kept) this.#keep(this.#kept);
      return used;
    } catch (error) {
      if (!(error instanceof BodyFault)) throw error;
      this.#reader = undefined;
      this.#engine.traffic.malformed(error.message);
      this.#exchange?.log('info', `client sent ${error.message}`);
      this.#deadline.clear();
      if (this.#exchange && !this.#exchange.response) this.#exchange.bodyFailed(400);
      else this.#transport.destroy();
      return bytes.length;
    }
  }

  #hold(bytes: Buffer): void {
    this.#held = this.#held ? Buffer.concat([this.#held, bytes]) : Buffer.from(bytes);
    if (this.#held.length > MOST_HELD_BYTES) this.pauseReading();
  }

  #readHead(bytes: Buffer, marks: HeadMarks | undefined): void {
    const reader = this.#head;
    const begun = reader.text !== '';
    let head: RequestHead | undefined;
    try {
      head = reader.read(bytes, marks, this.#first.headLimits);
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      if (begun) this.#engine.traffic.reading(-1);
      return this.#refuse(error);
    }
    if (head) {
      if (begun) this.#engine.traffic.reading(-1);
      this.#begin(head, reader.usedBytes < bytes.length ? bytes.subarray(reader.usedBytes) : undefined);
    } else if (!begun && reader.text !== '') this.#headBegun();
  }

  #headBegun(): void {
    this.#engine.traffic.reading(1);
    // On a kept connection the time for a head begins with its first bytes.
    if (this.requests > 0) this.#deadline.set(this.#serverCore().clientHeaderTimeoutMs);
  }

  /** A reload is for the requests after it. A connection whose address is no longer served goes on as it began. */
  #renewTables(): void {
    const { tables } = this.#engine;
    if (tables === this.#tables) return;
    const listener = tables.listeners.get(this.#listener.key);
    if (!listener) return;
    this.#listener = listener;
    this.#tables = tables;
    this.#first = this.tls ? listener.find(this.tls.serverName) : listener.default;
  }

  #serverCore() {
    return this.#first.model.core;
  }

  /** A request whose head can not be understood is answered all the same, with what is known of it. */
  #refuse(fault: WireFault): void {
    const head = refusedHead(this.#head.text);
    this.#head.forget();
    this.#unread = true;
    this.#renewTables();
    this.#engine.traffic.malformed(fault.reason);
    const exchange = this.#exchangeFor(head, this.#listener.default);
    exchange.path = parseTarget(head.target, false)?.path ?? '';
    exchange.log('info', `${fault.message} while reading client request headers`);
    exchange.finish(fault.status);
  }

  #exchangeFor(head: RequestHead, server: ListenerTable['default']): Exchange {
    this.requests++;
    this.#answer.renew();
    const exchange = new Exchange(head, server, this.#tables, this, this, this.#engine.clock);
    exchange.pipelined = this.#pipelined;
    this.#pipelined = false;
    this.#exchange = exchange;
    this.protocol = head.minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
    return exchange;
  }

  #begin(head: RequestHead, rest: Buffer | undefined): void {
    this.#renewTables();
    const uri = parseTarget(head.target, this.#serverCore().mergeSlashes);
    const hostField = uri?.authority ?? head.host ?? '';
    const host = cleanHost(hostField);
    const server = uri === undefined ? this.#listener.default : this.#listener.find(host ?? '');
    const exchange = this.#exchangeFor(head, server);
    exchange.host = host ?? '';
    this.#expectContinue = head.expectContinue;
    if (head.bodyLength !== 0) this.#expectBody(head, exchange);
    else this.#reader = this.#body = undefined;
    if (rest) this.transportData(rest);
    if (exchange.body?.forsaken) return; // the part that came with the head was broken, and is answered
    if (answeredForServer(exchange)) return;
    if (uri === undefined || host === undefined || (host === '' && head.host === ''))
      return this.#engine.traffic.malformed(refuseTarget(exchange, uri !== undefined));
    if (refusedMethod(exchange)) return;
    exchange.path = uri.path;
    exchange.args = uri.args;
    if (uri.authority !== undefined)
      exchange.requestUri = head.target.replace(/^[^:]+:\/\/[^/?#]+/, '') || '/';
    this.#deadline.clear();
    this.#listener.capture(exchange);
    const refusal = tlsRefusal(exchange);
    if (refusal > 0) return exchange.finish(refusal);
    exchange.start();
  }

  #expectBody(head: RequestHead, exchange: Exchange): void {
    this.#body = new RequestBody(head.bodyLength, this);
    this.#reader = head.bodyLength === CHUNKED ? new ChunkedReader() : new LengthReader(head.bodyLength);
    exchange.body = this.#body;
  }

  // --- the body's way in ---

  bodyWanted(): void {
    if (this.#expectContinue && this.#body?.receivedBytes === 0) this.writeInformation(100, []);
    this.#expectContinue = false;
    this.#expectMore();
  }

  /** From now on the client owes the next piece of its body in time. */
  #expectMore(): void {
    const exchange = this.#exchange;
    if (exchange && this.#body && !this.#body.complete)
      this.#deadline.set(exchange.location.core.clientBodyTimeoutMs);
  }

  pauseReading(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pause();
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport.resume();
    this.#expectMore();
  }

  // --- the answer's way out ---

  writeInformation(status: number, headers: readonly (readonly [string, string])[]): void {
    if (this.protocol === 'HTTP/1.0' || this.#exchange?.response) return;
    this.#answer.information(status, headers);
  }

  writeHead(exchange: Exchange, response: Response): void {
    if (this.#transport.closed) return exchange.abort();
    if (!response.upgraded && this.#mustClose(exchange)) exchange.keepAlive = false;
    this.#answer.head(exchange, response, this.#engine.clock.wallMs());
  }

  #mustClose(exchange: Exchange): boolean {
    if (!exchange.keepAlive) return true;
    const { core } = exchange.location;
    return (
      core.keepaliveTimeout.idleMs === 0 ||
      this.requests >= core.keepaliveRequests ||
      this.#ended ||
      this.#engine.draining ||
      // A client that still waits for its 100 may send the body or not: what comes next is not known.
      (this.#expectContinue && this.#body?.complete === false) ||
      this.#engine.clock.nowMs() - this.startedMs >= core.keepaliveTimeMs
    );
  }

  write(data: Buffer): boolean {
    if (data.length === 0) return true;
    const ready = this.#answer.body(data);
    this.#expireWrite();
    return ready;
  }

  end(): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    // Fewer bytes than promised: the client must see the cut.
    if (!this.#answer.end(exchange)) return exchange.abort(502);
    this.#expireWrite();
    this.#finishExchange(exchange);
  }

  #finishExchange(exchange: Exchange): void {
    this.#exchange = undefined;
    exchange.complete();
    if (this.#transport.closed) return this.#engine.forget(this);
    if (this.#tunnel) return;
    const { core } = exchange.location;
    const bodyOpen = this.#body !== undefined && !this.#body.complete;
    if (!exchange.keepAlive) {
      const more = bodyOpen || this.#held || this.#unread || core.lingeringClose === 'always';
      return more ? this.#linger(core) : this.#transport.closeSoon();
    }
    this.#kept = core;
    this.#keptSinceMs = this.#engine.clock.nowMs();
    if (bodyOpen) this.#body!.discard();
    this.#keep(core);
    this.#next();
  }

  /** Waits for the next request, or for the rest of a body that nobody wanted. */
  #keep(core: CoreSettings): void {
    const bodyOpen = this.#reader !== undefined && !this.#reader.done;
    if (!bodyOpen) return this.#deadline.set(core.keepaliveTimeout.idleMs);
    const leftMs = this.#keptSinceMs + core.lingeringTimeMs - this.#engine.clock.nowMs();
    if (leftMs <= 0) this.#transport.destroy();
    else this.#deadline.set(Math.min(leftMs, core.lingeringTimeoutMs));
  }

  /** Goes on with what was pipelined, after the stack of this answer has unwound. */
  #next(): void {
    if (this.#held) setImmediate(() => this.#takeHeld());
    else this.resumeReading();
  }

  #takeHeld(): void {
    const held = this.#held;
    if (!held || this.#exchange || this.#transport.closed) return;
    this.#held = undefined;
    this.#pipelined = true;
    this.transportData(held);
    if (!this.#held) this.resumeReading();
  }

  /** RFC 9112 §9.6: stop writing, read on for a while so that the answer is not lost to a reset, then close. */
  #linger({ lingeringClose, lingeringTimeMs, lingeringTimeoutMs }: CoreSettings): void {
    if (lingeringClose === 'off') return this.#transport.closeSoon();
    this.#lingering = true;
    this.#lingerUntilMs = this.#engine.clock.nowMs() + lingeringTimeMs;
    this.#lingerStepMs = lingeringTimeoutMs;
    this.#body?.discard();
    this.#held = undefined;
    this.#transport.end();
    this.resumeReading();
    this.#lingerOn();
  }

  /** Waits for more, but not for ever. */
  #lingerOn(): void {
    const leftMs = this.#lingerUntilMs - this.#engine.clock.nowMs();
    if (leftMs <= 0) this.#transport.destroy();
    else this.#deadline.set(Math.min(leftMs, this.#lingerStepMs));
  }

  /** `reset_timedout_connection` is for clients that were too slow, and for those that get no answer (444). */
  reset(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const tooSlow =
      exchange?.location.core.resetTimedoutConnection &&
      (exchange.failedStatus === 408 || exchange.failedStatus === CLOSE_WITHOUT_ANSWER);
    // Where only the end of the connection tells the end of the body, an orderly end would say that it is whole.
    const endless = exchange?.response?.headOnly === false && this.#answer.endless;
    if (this.#transport.closed) this.#engine.forget(this);
    else if (tooSlow || endless) this.#transport.reset();
    else this.#transport.destroy();
  }

  tunnel(): TunnelEnd {
    this.#tunnel = true;
    const early = this.#held;
    this.#held = undefined;
    this.#deadline.clear();
    return { transport: this.#transport, early };
  }

  tunnelEnded(bytesToClient: number): void {
    this.#answer.tunnelled(bytesToClient);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.complete();
    this.transportClosed();
  }

  // --- time and end ---

  #expireWrite(): void {
    if (this.#exchange && this.#transport.pendingBytes > 0)
      this.#deadline.set(this.#exchange.location.core.sendTimeoutMs);
  }

  deadlineExpired(): void {
    const exchange = this.#exchange;
    if (!exchange) {
      // nginx closes a connection that sent nothing in time without an answer; a started head gets 408.
      if (this.#lingering) return this.#transport.destroy();
      if (this.#head.text === '') return this.#transport.closeSoon();
      this.#engine.traffic.reading(-1);
      this.#refuse(new WireFault(408, 'no complete request in time'));
    } else if (exchange.response) {
      if (this.#transport.pendingBytes === 0 && this.#body?.complete !== false) return;
      exchange.log('info', 'client timed out');
      exchange.abort(408);
    } else if (this.#body && !this.#body.complete && !this.#paused) {
      exchange.log('info', 'client timed out');
      exchange.keepAlive = false;
      exchange.finish(408);
    }
  }

  transportEnded(): void {
    this.#ended = true;
    if (this.#tunnel) return;
    const exchange = this.#exchange;
    if (!exchange) {
      this.#transport.closeSoon();
    } else if (this.#reader && !this.#reader.done) {
      exchange.log('info', 'client prematurely closed connection');
      exchange.abort(400);
    } else exchange.clientClosed();
  }

  transportClosed(): void {
    this.#deadline.dispose();
    if (this.#head.text !== '') this.#engine.traffic.reading(-1);
    this.#head.forget();
    const exchange = this.#exchange;
    if (exchange) {
      this.tls?.keep();
      if (this.#reader?.done === false || exchange.response) exchange.abort(499);
      else exchange.clientLeft();
    }
    // Work that goes on for nobody is waited for when moat stops.
    if (!this.#exchange) this.#engine.forget(this);
  }

  /**
   * moat is stopping: idle connections go at once, the others after their answer. One that has not asked anything yet
   * is given a moment: its first request may be under way, and would be lost.
   */
  drain(): void {
    if (!this.idle) return;
    const keptMs = this.#keptSinceMs + (this.#kept?.keepaliveMinTimeoutMs ?? 0) - this.#engine.clock.nowMs();
    if (this.requests === 0) this.#deadline.set(FIRST_REQUEST_GRACE_MS);
    else if (keptMs > 0 && !this.#lingering) this.#deadline.set(keptMs);
    else this.#transport.closeSoon();
  }

  destroy(): void {
    this.#transport.destroy();
  }
}
