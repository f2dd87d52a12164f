/** A stream of an HTTP/2 connection: one request and its answer. */
import { CLOSE_WITHOUT_ANSWER } from '../../content/return.ts';
import { Deadline, type DeadlineOwner } from '../../deadline.ts';
import { Exchange } from '../../exchange.ts';
import type { Response } from '../../response.ts';
import { tlsRefusal } from '../../tls/gate.ts';
import type { TunnelEnd } from '../../transport/relay.ts';
import type { Transport } from '../../transport/transport.ts';
import type { RequestHead } from '../../wire/h1/request-head.ts';
import { parseTarget } from '../../wire/h1/uri.ts';
import {
  CANCEL,
  CONNECT_ERROR,
  DATA,
  END_STREAM,
  FLOW_CONTROL_ERROR,
  frameHead,
  HEAD_BYTES,
  headersFrames,
  INTERNAL_ERROR,
  MOST_WINDOW_BYTES,
  NO_ERROR,
  PROTOCOL_ERROR,
  resetFrame,
  STREAM_CLOSED,
  windowFrame,
} from '../../wire/h2/frame.ts';
import { DEFAULT_PRIORITY, priorityOf } from '../../wire/h2/priority.ts';
import type { RequestReader } from '../../wire/h2/request.ts';
import { fieldBlock, informationBlock, responseBlock } from '../../wire/h2/response.ts';
import type { Connection, Downstream, ProxiedAddress, TlsInfo } from '../downstream.ts';
import { cleanHost } from '../host.ts';
import { type BodyControl, RequestBody } from '../request-body.ts';
import { ANY_METHOD, answerServer } from '../whole-server.ts';
import type { H2Connection } from './connection.ts';
import { PROTOCOL_FAULT } from './guard.ts';
import { Outbox } from './outbox.ts';
import { askForWebSocket, H2Tunnel } from './tunnel.ts';

/** How much of a body may be under way once somebody takes it. */
const BODY_WINDOW_BYTES = 262_144;

export class H2Stream implements Connection, Downstream, BodyControl, DeadlineOwner {
  readonly protocol = 'HTTP/2.0';
  readonly streamId: number;
  /** Which request of its connection it is. */
  requests: number;
  bytesSent = 0;
  bodyBytesSent = 0;
  /** See priorityOf(). */
  priority = DEFAULT_PRIORITY;
  /** The client has sent all. */
  ended = false;
  readonly #connection: H2Connection;
  #exchange!: Exchange;
  #body: RequestBody | undefined;
  #bodyPaused = false;
  #bodyWanted = false;
  /** It is not what its length said; the request is answered for that. */
  #broken = false;
  #expectContinue = false;
  /** What the client may still send, of how much at most. */
  #receiveWindow: number;
  #receiveMost: number;
  /** Of the answer: what the client may still be sent. */
  #window: number;
  readonly #outbox = new Outbox();
  #waiting = false;
  #sourcePaused = false;
  /** Bytes of the body that are to come, or negative when that is not known. */
  #left = -1;
  #chunkBytes = 0;
  /** The source has given all. */
  #complete = false;
  #endSent = false;
  /** Over: nothing goes out any more. */
  #gone = false;
  #deadline: Deadline | undefined;
  #tunnel: H2Tunnel | undefined;
  /** Of a tunnel: what its client still sends. */
  #unwanted = false;

  constructor(connection: H2Connection, id: number, window: number, receiveWindow: number) {
    this.#connection = connection;
    this.streamId = id;
    this.requests = connection.requests;
    this.#window = window;
    this.#receiveWindow = this.#receiveMost = receiveWindow;
  }

  // --- the connection, as the request sees it ---

  get id(): number {
    return this.#connection.id;
  }
  get fd(): number {
    return this.#connection.transport.fd;
  }
  get startedMs(): number {
    return this.#connection.startedMs;
  }
  get remoteAddress(): string {
    return this.#connection.facts.remoteAddress;
  }
  get remotePort(): number {
    return this.#connection.facts.remotePort;
  }
  get localAddress(): string {
    return this.#connection.facts.localAddress;
  }
  get localPort(): number {
    return this.#connection.facts.localPort;
  }
  get tls(): TlsInfo | undefined {
    return this.#connection.facts.tls;
  }
  get proxied(): ProxiedAddress | undefined {
    return this.#connection.facts.proxied;
  }

  // --- the request ---

  begin(request: RequestReader, head: RequestHead, ended: boolean): void {
    const { engine } = this.#connection;
    const { listener, tables } = this.#connection.tables;
    this.ended = ended;
    this.#prioritize(head);
    const uri = parseTarget(head.target, listener.default.model.core.mergeSlashes);
    const host = cleanHost(head.host ?? '');
    const server = host === undefined ? listener.default : listener.find(host);
    const exchange = new Exchange(head, server, tables, this, this, engine.clock);
    this.#exchange = exchange;
    exchange.host = host ?? '';
    exchange.path = uri?.path ?? '';
    exchange.args = uri?.args ?? '';
    if (head.bodyLength !== 0 && !ended) exchange.body = this.#body = new RequestBody(head.bodyLength, this);
    this.#expectContinue = head.expectContinue;
    if (request.fault) return this.#refuse(request.fault.status, request.fault.reason);
    if (head.method === 'CONNECT') {
      const refusal = this.#openTunnel(request);
      if (refusal > 0) return this.#refuse(refusal, 'CONNECT method');
    }
    if (head.target === '*' && host) return answerServer(exchange);
    if (!uri) return this.#refuse(400, 'invalid request target');
    if (!host) return this.#refuse(400, 'invalid host header');
    if (head.method === 'TRACE') return this.#refuse(405, 'TRACE method');
    listener.capture(exchange);
    const refusal = tlsRefusal(exchange);
    if (refusal > 0) exchange.finish(refusal);
    else exchange.start();
  }

  /** An extended CONNECT becomes what it is over HTTP/1: a GET with Upgrade. @returns the status of a refusal, or 0 */
  #openTunnel({ head, protocol }: RequestReader): number {
    if (protocol === undefined || !this.#connection.acceptsTunnels) return 405;
    if (protocol.toLowerCase() !== 'websocket') return 501;
    askForWebSocket(head);
    this.#exchange.method = 'GET';
    this.#exchange.body = this.#body = undefined;
    this.#tunnel = new H2Tunnel(this);
    if (this.ended) this.#tunnel.over();
    return 0;
  }

  /** A frame that came before the request says more than its field (RFC 9218 §7). */
  #prioritize({ headers }: RequestHead): void {
    const early = this.#connection.streams.earlyPriority(this.streamId);
    const field = early === undefined ? headers.joined('priority') : undefined;
    this.priority = early ?? (field === undefined ? undefined : priorityOf(field)) ?? DEFAULT_PRIORITY;
  }

  #refuse(status: number, reason: string): void {
    if (status !== 405) this.#connection.engine.traffic.malformed(reason);
    this.#exchange.log('info', `client sent ${reason} while reading client request headers`);
    this.#exchange.allowed = ANY_METHOD;
    this.#exchange.finish(status);
  }

  // --- the body's way in ---

  /**
   * A DATA frame begins.
   *
   * @param bytes of its payload with the padding
   * @returns false when its data is of no use
   */
  dataBegin(bytes: number, last: boolean): boolean {
    if (this.ended) {
      this.fail(STREAM_CLOSED, 'DATA frame for half-closed stream');
      return false;
    }
    if (bytes > this.#receiveWindow) {
      this.fail(FLOW_CONTROL_ERROR, 'DATA frame beyond the window');
      return false;
    }
    this.#receiveWindow -= bytes;
    this.ended = last;
    return true;
  }

  dataPiece(data: Buffer): void {
    if (this.#tunnel) return this.#tunnel.data(data);
    if (this.#broken) return;
    const body = this.#body;
    const { bodyLength } = this.#exchange.head;
    const received = (body?.receivedBytes ?? 0) + data.length;
    if (bodyLength >= 0 && received > bodyLength)
      return this.#breakBody('a body longer than its Content-Length');
    body!.bodyData(data);
    if (this.#bodyWanted && !this.#bodyPaused) this.#expectMore();
  }

  dataEnd(): void {
    if (this.ended) this.bodyOver();
    else this.#grant();
  }

  /** The client has sent the whole body. */
  bodyOver(): void {
    this.ended = true;
    if (this.#tunnel) return this.#clientEnded(this.#tunnel);
    const body = this.#body;
    if (!body || body.complete || this.#broken) return;
    const { bodyLength } = this.#exchange.head;
    if (bodyLength >= 0 && body.receivedBytes < bodyLength)
      return this.#breakBody('a body shorter than its Content-Length');
    if (this.#outbox.empty) this.#deadline?.clear();
    body.bodyEnd();
  }

  #breakBody(reason: string): void {
    this.#broken = true;
    this.#connection.engine.traffic.malformed(reason);
    this.#exchange.log('info', `client sent ${reason}`);
    if (this.#exchange.response) this.fail(PROTOCOL_ERROR, reason);
    else this.#exchange.bodyFailed(400);
  }

  bodyWanted(): void {
    if (this.#expectContinue && this.#body?.receivedBytes === 0) this.writeInformation(100, []);
    this.#expectContinue = false;
    this.#bodyWanted = true;
    this.#receiveMost = Math.max(this.#receiveMost, BODY_WINDOW_BYTES);
    if (!this.#bodyPaused) this.#grant();
    this.#expectMore();
  }

  /** From now on the client owes the next piece of its body in time. */
  #expectMore(): void {
    if (!this.ended && !this.#gone) this.#expire(this.#exchange.location.core.clientBodyTimeoutMs);
  }

  pauseReading(): void {
    this.#bodyPaused = true;
  }

  resumeReading(): void {
    if (!this.#bodyPaused) return;
    this.#bodyPaused = false;
    this.#grant();
    if (this.#bodyWanted) this.#expectMore();
  }

  /** Lets the client send more, once half of the window is used up. */
  #grant(): void {
    const bytes = this.#receiveMost - this.#receiveWindow;
    if (this.#bodyPaused || this.ended || this.#gone || bytes < this.#receiveMost / 2) return;
    this.#receiveWindow = this.#receiveMost;
    this.#connection.transport.writeText(windowFrame(this.streamId, bytes));
  }

  // --- the answer's way out ---

  writeInformation(status: number, headers: readonly (readonly [string, string])[]): void {
    if (this.#gone || this.#exchange.response) return;
    this.#writeBlock(informationBlock(status, headers), 0);
  }

  writeHead(exchange: Exchange, response: Response): void {
    const { location } = exchange;
    this.#chunkBytes = location.core.http2ChunkBytes;
    // Whoever made the answer may know better than the client; what he does not say stays (RFC 9218 §8).
    const field = response.headers.joined('priority');
    if (field !== undefined) this.priority = priorityOf(field, this.priority) ?? this.priority;
    const { status, contentLength } = response;
    const toldLength = status === 204 || status === 304 ? -1 : contentLength;
    if (response.upgraded) return this.#writeTunnelHead(exchange, response);
    const block = responseBlock(
      status,
      location.serverToken(exchange),
      this.#connection.engine.clock.wallMs(),
      response.headers,
      toldLength,
    );
    this.#left = response.headOnly ? 0 : contentLength;
    this.#endSent = response.headOnly || (contentLength === 0 && !response.trailers);
    this.#writeBlock(block, this.#endSent ? END_STREAM : 0);
  }

  /** 101 and its fields are words of HTTP/1: here the tunnel stands with 200 (RFC 8441 §5). */
  #writeTunnelHead(exchange: Exchange, response: Response): void {
    for (const key of ['sec-websocket-accept', 'upgrade', 'connection']) response.headers.remove(key);
    response.status = 200;
    const server = exchange.location.serverToken(exchange);
    this.#writeBlock(
      responseBlock(200, server, this.#connection.engine.clock.wallMs(), response.headers, -1),
      0,
    );
  }

  #writeBlock(block: string, flags: number): void {
    if (this.#gone) return;
    const text = headersFrames(this.streamId, block, flags, this.#connection.peer.frameBytes);
    this.bytesSent += text.length;
    this.#connection.transport.writeText(text);
  }

  write(data: Buffer): boolean {
    if (data.length === 0 || this.#gone) return true;
    if (this.#left > 0) this.#left = Math.max(0, this.#left - data.length);
    const sent = this.#outbox.empty ? this.#send(data) : 0;
    if (sent < data.length) {
      this.#outbox.put(Buffer.from(data.subarray(sent)));
      this.#wait();
      this.#sourcePaused = true;
      return false;
    }
    if (!this.#connection.flow.crowded) return true;
    this.#sourcePaused = true;
    return false;
  }

  /** Sends as much as the windows allow. @returns how much that was */
  #send(data: Buffer): number {
    let at = 0;
    while (at < data.length) {
      const bytes = this.#frameBytes(data.length - at);
      if (bytes <= 0) break;
      at += bytes;
      this.#writeData(data.subarray(at - bytes, at), at === data.length);
    }
    return at;
  }

  #frameBytes(wanted: number): number {
    const { flow, peer } = this.#connection;
    return Math.min(wanted, this.#chunkBytes, peer.frameBytes, this.#window, flow.sendable);
  }

  /** @param all nothing else waits to be sent: with the last byte of a body goes its end */
  #writeData(data: Buffer, all: boolean): void {
    const { transport } = this.#connection;
    const bytes = data.length;
    const last = all && this.#left === 0 && !this.#exchange.response?.trailers;
    if (last) this.#endSent = true;
    transport.writeText(frameHead(bytes, DATA, last ? END_STREAM : 0, this.streamId));
    transport.writeBytes(data);
    this.#window -= bytes;
    this.#connection.flow.sent(bytes);
    this.bytesSent += bytes + HEAD_BYTES;
    this.bodyBytesSent += bytes;
  }

  /** Something waits for its turn, or for the client's window. */
  #wait(): void {
    this.#expire(this.#exchange.location.core.sendTimeoutMs);
    if (this.#waiting || this.#window <= 0) return;
    this.#waiting = true;
    this.#connection.flow.enqueue(this);
  }

  /** Its turn: one frame goes out. */
  sendNext(): void {
    this.#waiting = false;
    if (this.#outbox.empty || this.#gone) return;
    const bytes = this.#frameBytes(this.#outbox.bytes);
    if (bytes > 0) {
      const data = this.#outbox.take(bytes);
      this.#writeData(data, this.#outbox.empty);
    }
    if (!this.#outbox.empty) return this.#wait();
    this.#deadline?.clear();
    if (this.#complete) this.#finish();
    else this.drained();
  }

  /** The transport has room again. */
  drained(): void {
    if (!this.#sourcePaused || !this.#outbox.empty || this.#gone || this.#complete) return;
    this.#sourcePaused = false;
    if (this.#tunnel) this.#tunnel.drained();
    else this.#exchange.resumeSource();
  }

  /** The client takes more of this stream. */
  widen(bytes: number): void {
    if (bytes === 0)
      return this.fail(PROTOCOL_ERROR, 'WINDOW_UPDATE frame with incorrect window increment 0');
    if (!this.shift(bytes))
      return this.fail(FLOW_CONTROL_ERROR, 'WINDOW_UPDATE frame beyond the largest window');
    this.#connection.flow.pump();
  }

  /** Changes the window. @returns false when it becomes too large */
  shift(bytes: number): boolean {
    if (this.#window + bytes > MOST_WINDOW_BYTES) return false;
    this.#window += bytes;
    if (!this.#outbox.empty && this.#window > 0) this.#wait();
    return true;
  }

  end(): void {
    if (this.#gone) return this.#exchange.complete();
    // Fewer bytes than promised: the client must see the cut.
    if (this.#left > 0) return this.#exchange.abort(502);
    this.#complete = true;
    if (this.#outbox.empty) this.#finish();
  }

  #finish(): void {
    if (this.#tunnel && this.#exchange.response?.upgraded) return this.#finishTunnel();
    if (!this.#endSent) {
      const { trailers } = this.#exchange.response!;
      if (trailers && trailers.size > 0) this.#writeBlock(fieldBlock(trailers), END_STREAM);
      else {
        this.#connection.transport.writeText(frameHead(0, DATA, END_STREAM, this.streamId));
        this.bytesSent += HEAD_BYTES;
      }
    }
    if (!this.ended) setImmediate(stopSending, this.#connection.transport, this.streamId);
    this.#close();
    this.#body?.discard();
    this.#exchange.complete();
  }

  /** Takes leave of the connection. */
  #close(): void {
    this.#gone = true;
    this.#outbox.clear();
    this.#deadline?.dispose();
    this.#connection.release(this, !this.ended);
  }

  // --- faults and time ---

  /** The exchange was aborted: the client must not take what it has for the whole. */
  reset(): void {
    if (this.#gone) return;
    const status = this.#exchange.failedStatus;
    const code = status === 408 ? PROTOCOL_ERROR : status === CLOSE_WITHOUT_ANSWER ? CANCEL : INTERNAL_ERROR;
    this.#connection.transport.writeText(resetFrame(this.streamId, code));
    this.#close();
  }

  /** The client broke the rules on this stream. */
  fail(code: number, reason: string): void {
    if (this.#gone) return;
    this.#connection.engine.traffic.malformed(PROTOCOL_FAULT);
    this.#exchange.log('info', `client sent ${reason}`);
    this.#connection.transport.writeText(resetFrame(this.streamId, code));
    this.#close();
    this.#exchange.abort(400);
  }

  /** The client does not want the answer any more. */
  cancelled(code: number): void {
    const how = code === CANCEL ? 'canceled' : 'terminated';
    this.#exchange.log(
      'info',
      `client ${how} stream ${this.streamId}${code === CANCEL ? '' : ` with status ${code}`}`,
    );
    this.ended = true;
    this.#giveUp();
  }

  /** The connection is gone. */
  lost(): void {
    this.ended = true;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#close();
    if (this.#exchange.response?.upgraded) this.#tunnel?.lost();
    else this.#exchange.clientLeft();
  }

  #expire(ms: number): void {
    this.#deadline ??= new Deadline(this.#connection.engine.clock, this);
    this.#deadline.set(ms);
  }

  deadlineExpired(): void {
    const sending = !this.#outbox.empty;
    if (this.#exchange.response?.upgraded) {
      this.cutTunnel();
      return this.#tunnel?.lost();
    }
    if (!sending && (this.ended || this.#bodyPaused || this.#exchange.response)) return;
    this.#exchange.log('info', 'client timed out');
    this.#exchange.abort(408);
  }

  // --- a tunnel ---

  tunnel(): TunnelEnd | undefined {
    const transport = this.#tunnel;
    if (!transport) return undefined;
    this.#receiveMost = Math.max(this.#receiveMost, BODY_WINDOW_BYTES);
    return { transport, early: undefined };
  }

  /** Bytes that wait for the client's window. */
  get pendingBytes(): number {
    return this.#outbox.bytes;
  }

  #clientEnded(tunnel: H2Tunnel): void {
    tunnel.over();
    if (this.#endSent) this.#close();
  }

  /** Nothing more goes to the client. @param whole and nothing it sends is wanted */
  endTunnel(whole: boolean): void {
    if (this.#gone) return;
    this.#unwanted ||= whole;
    this.#complete = true;
    if (this.#outbox.empty) this.#finishTunnel();
  }

  #finishTunnel(): void {
    if (!this.#endSent) this.#connection.transport.writeText(frameHead(0, DATA, END_STREAM, this.streamId));
    this.#endSent = true;
    if (!this.ended && !this.#unwanted) return;
    if (!this.ended) this.#connection.transport.writeText(resetFrame(this.streamId, NO_ERROR));
    this.#close();
  }

  cutTunnel(): void {
    if (this.#gone) return;
    this.#connection.transport.writeText(resetFrame(this.streamId, CONNECT_ERROR));
    this.#close();
  }

  tunnelEnded(): void {
    this.#exchange.complete();
  }
}

/**
 * The answer is complete, and what the client still sends is of no use (RFC 9113 §8.1). It comes in a packet of its own:
 * curl 7.88 takes both at once for a stream that was closed without an answer.
 */
function stopSending(transport: Transport, streamId: number): void {
  transport.writeText(resetFrame(streamId, NO_ERROR));
}
