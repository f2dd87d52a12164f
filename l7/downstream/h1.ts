/** A client's HTTP/1.x connection: heads in, exchanges one after the other, answers out. */
import type { CoreSettings } from '#model/l7/core.ts';
import type { HeadMarks } from '#native/head-marks.ts';
import { CLOSE_WITHOUT_ANSWER } from '../content/return.ts';
import { Deadline, type DeadlineOwner } from '../deadline.ts';
import type { Engine } from '../engine.ts';
import { Exchange } from '../exchange.ts';
import type { ListenerTable } from '../listen.ts';
import type { Response } from '../response.ts';
import type { ServerTable } from '../tables.ts';
import { tlsRefusal } from '../tls/gate.ts';
import type { TunnelEnd } from '../transport/relay.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import { type RequestHead, WireFault } from '../wire/h1/request-head.ts';
import { parseTarget } from '../wire/h1/uri.ts';
import { answeredForServer, refusedMethod, refuseTarget } from './admission.ts';
import { ConnectionTables } from './connection-tables.ts';
import type { Connection, ConnectionFacts, Downstream, ProxiedAddress, TlsInfo } from './downstream.ts';
import { AnswerWriter } from './h1-answer.ts';
import { BodyIntake } from './h1-body.ts';
import { HeadReader, refusedHead } from './h1-head.ts';
import { Keeping } from './h1-keeping.ts';
import { cleanHost } from './host.ts';

/** Pipelined bytes that are held while a request is being answered; above it the socket is not read. */
const MOST_HELD_BYTES = 65_536;

export class H1Connection implements Connection, Downstream, TransportOwner, DeadlineOwner {
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

  transport!: Transport;
  readonly #engine: Engine;
  readonly #tables: ConnectionTables;
  readonly #head = new HeadReader();
  readonly #body = new BodyIntake(this);
  #answer!: AnswerWriter;
  #keeping!: Keeping;
  #held: Buffer | undefined;
  #exchange: Exchange | undefined;
  /** The client sends no more. */
  #ended = false;
  /** What is read next came while the request before was answered: $pipe. */
  #pipelined = false;
  /** A head was refused before all of it was read: the client may still be sending. */
  #unread = false;
  #tunnel = false;
  readonly #deadline: Deadline;

  constructor(engine: Engine, listener: ListenerTable, facts: ConnectionFacts) {
    this.#engine = engine;
    this.#tables = new ConnectionTables(engine.tables, listener, facts.tls);
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
  }

  /** The connection stands; from here on its bytes come. */
  open(transport: Transport): void {
    this.transport = transport;
    this.#answer = new AnswerWriter(transport);
    this.#keeping = new Keeping(transport, this.#deadline, this.#engine.clock);
    this.#deadline.set(this.#serverCore().clientHeaderTimeoutMs);
  }

  transportConnected(): void {}

  transportDrained(): void {
    this.#exchange?.resumeSource();
  }

  get fd(): number {
    return this.transport.fd;
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
    if (this.#keeping.lingering) return this.#keeping.goOn();
    let rest = bytes;
    if (this.#body.open) {
      const used = this.#body.feed(rest);
      if (used === rest.length) return;
      rest = rest.subarray(used);
    }
    if (this.#exchange) return this.#hold(rest);
    this.#readHead(rest, rest === bytes ? head : undefined);
  }

  #hold(bytes: Buffer): void {
    this.#held = this.#held ? Buffer.concat([this.#held, bytes]) : Buffer.from(bytes);
    if (this.#held.length > MOST_HELD_BYTES) this.#body.pauseReading();
  }

  #readHead(bytes: Buffer, marks: HeadMarks | undefined): void {
    const reader = this.#head;
    const begun = reader.text !== '';
    let head: RequestHead | undefined;
    try {
      head = reader.read(bytes, marks, this.#tables.first.headLimits);
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

  #serverCore() {
    return this.#tables.first.model.core;
  }

  /** A request whose head can not be understood is answered all the same, with what is known of it. */
  #refuse(fault: WireFault): void {
    const { text } = this.#head;
    const head = refusedHead(text);
    this.#head.forget();
    this.#unread = true;
    this.#tables.renew(this.#engine);
    this.#engine.traffic.malformed(fault.reason);
    const exchange = this.#exchangeFor(head, this.#tables.listener.default);
    exchange.path = parseTarget(head.target, false)?.path ?? '';
    exchange.log('info', `${fault.message} while reading client request headers`);
    exchange.server.watchRefused?.(exchange, text);
    exchange.finish(fault.status);
  }

  #exchangeFor(head: RequestHead, server: ServerTable): Exchange {
    this.requests++;
    this.#answer.renew();
    const exchange = new Exchange(head, server, this.#tables.tables, this, this, this.#engine.clock);
    exchange.pipelined = this.#pipelined;
    this.#pipelined = false;
    this.#exchange = exchange;
    this.protocol = head.minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
    return exchange;
  }

  #begin(head: RequestHead, rest: Buffer | undefined): void {
    this.#tables.renew(this.#engine);
    const { listener } = this.#tables;
    const uri = parseTarget(head.target, this.#serverCore().mergeSlashes);
    const hostField = uri?.authority ?? head.host ?? '';
    const host = cleanHost(hostField);
    const server = uri === undefined ? listener.default : listener.find(host ?? '');
    const exchange = this.#exchangeFor(head, server);
    exchange.host = host ?? '';
    exchange.body = this.#body.expect(head);
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
    listener.capture(exchange);
    const refusal = tlsRefusal(exchange);
    if (refusal > 0) return exchange.finish(refusal);
    exchange.start();
  }

  // --- the body's way in ---

  /** From now on the client owes the next piece of its body in time. */
  expectBody(): void {
    const exchange = this.#exchange;
    if (exchange) this.#deadline.set(exchange.location.core.clientBodyTimeoutMs);
  }

  /** A piece of the body came. */
  bodyCame(): void {
    if (this.#exchange) this.expectBody();
    else this.#keeping.bodyCame(this.#body.open);
  }

  /** It can not be read to its end. */
  bodyBroken(reason: string): void {
    const exchange = this.#exchange;
    this.#engine.traffic.malformed(reason);
    exchange?.log('info', `client sent ${reason}`);
    this.#deadline.clear();
    if (exchange && !exchange.response) exchange.bodyFailed(400);
    else this.transport.destroy();
  }

  // --- the answer's way out ---

  writeInformation(status: number, headers: readonly (readonly [string, string])[]): void {
    if (this.protocol === 'HTTP/1.0' || this.#exchange?.response) return;
    this.#answer.information(status, headers);
  }

  writeHead(exchange: Exchange, response: Response): void {
    if (this.transport.closed) return exchange.abort();
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
      // Whether the body or the next request comes next is not known.
      this.#body.unasked ||
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
    if (this.transport.closed) return this.#engine.forget(this);
    if (this.#tunnel) return;
    const { core } = exchange.location;
    if (!exchange.keepAlive) {
      const more = this.#body.incomplete || this.#held || this.#unread || core.lingeringClose === 'always';
      return more ? this.#linger(core) : this.transport.closeSoon();
    }
    this.#body.discard();
    this.#keeping.keep(core, this.#body.open);
    this.#next();
  }

  /** Goes on with what was pipelined, after the stack of this answer has unwound. */
  #next(): void {
    if (this.#held) setImmediate(() => this.#takeHeld());
    else this.#body.resumeReading();
  }

  #takeHeld(): void {
    const held = this.#held;
    if (!held || this.#exchange || this.transport.closed) return;
    this.#held = undefined;
    this.#pipelined = true;
    this.transportData(held);
    if (!this.#held) this.#body.resumeReading();
  }

  #linger(core: CoreSettings): void {
    if (core.lingeringClose === 'off') return this.transport.closeSoon();
    this.#body.discard();
    this.#held = undefined;
    this.#keeping.linger(core);
    this.#body.resumeReading();
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
    if (this.transport.closed) this.#engine.forget(this);
    else if (tooSlow || endless) this.transport.reset();
    else this.transport.destroy();
  }

  tunnel(): TunnelEnd {
    this.#tunnel = true;
    const early = this.#held;
    this.#held = undefined;
    this.#deadline.clear();
    return { transport: this.transport, early };
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
    if (this.#exchange && this.transport.pendingBytes > 0)
      this.#deadline.set(this.#exchange.location.core.sendTimeoutMs);
  }

  deadlineExpired(): void {
    const exchange = this.#exchange;
    if (!exchange) {
      // nginx closes a connection that sent nothing in time without an answer; a started head gets 408.
      if (this.#keeping.lingering) return this.transport.destroy();
      if (this.#head.text === '') return this.transport.closeSoon();
      this.#engine.traffic.reading(-1);
      this.#refuse(new WireFault(408, 'no complete request in time'));
    } else if (exchange.response) {
      if (this.transport.pendingBytes === 0 && !this.#body.incomplete) return;
      exchange.log('info', 'client timed out');
      exchange.abort(408);
    } else if (this.#body.incomplete && !this.#body.paused) {
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
      this.transport.closeSoon();
    } else if (this.#body.open) {
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
      if (this.#body.open || exchange.response) exchange.abort(499);
      else exchange.clientLeft();
    }
    // Work that goes on for nobody is waited for when moat stops.
    if (!this.#exchange) this.#engine.forget(this);
  }

  drain(): void {
    if (this.idle) this.#keeping.drain(this.requests);
  }

  destroy(): void {
    this.transport.destroy();
  }
}
