/** A stream of an HTTP/2 connection: one request and its answer, or a tunnel. */
import { CLOSE_WITHOUT_ANSWER } from '../../content/return.ts';
import { Deadline, type DeadlineOwner } from '../../deadline.ts';
import type { Exchange } from '../../exchange.ts';
import type { Response } from '../../response.ts';
import type { TunnelEnd } from '../../transport/relay.ts';
import type { Transport } from '../../transport/transport.ts';
import type { RequestHead } from '../../wire/h1/request-head.ts';
import {
  CANCEL,
  CONNECT_ERROR,
  FLOW_CONTROL_ERROR,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  resetFrame,
  STREAM_CLOSED,
} from '../../wire/h2/frame.ts';
import { PROTOCOL_FAULT } from '../../wire/h2/guard.ts';
import { DEFAULT_PRIORITY, priorityOf } from '../../wire/h2/priority.ts';
import type { RequestReader } from '../../wire/h2/request.ts';
import type { Downstream } from '../downstream.ts';
import type { RequestBody } from '../request-body.ts';
import { admit } from './admission.ts';
import type { H2Connection } from './connection.ts';
import { StreamAnswer } from './stream-answer.ts';
import { StreamBody } from './stream-body.ts';
import { StreamFacts } from './stream-facts.ts';
import { askForWebSocket, H2Tunnel } from './tunnel.ts';

export class H2Stream extends StreamFacts implements Downstream, DeadlineOwner {
  readonly protocol = 'HTTP/2.0';
  readonly streamId: number;
  exchange!: Exchange;
  /** See priorityOf(). */
  priority = DEFAULT_PRIORITY;
  /** The client has sent all. */
  ended = false;
  /** Over: nothing goes out any more. */
  gone = false;
  readonly #answer: StreamAnswer;
  /** Where the client has not sent all with the head. */
  #body: StreamBody | undefined;
  /** The source has given all. */
  #complete = false;
  #deadline: Deadline | undefined;
  #tunnel: H2Tunnel | undefined;
  /** Of a tunnel: what its client still sends. */
  #unwanted = false;

  constructor(connection: H2Connection, id: number, windowBytes: number) {
    super(connection);
    this.streamId = id;
    this.#answer = new StreamAnswer(this, windowBytes);
  }

  get bytesSent(): number {
    return this.#answer.bytesSent;
  }

  get bodyBytesSent(): number {
    return this.#answer.bodyBytesSent;
  }

  // --- the request ---

  begin(request: RequestReader, head: RequestHead, ended: boolean): void {
    this.ended = ended;
    this.#prioritize(head);
    if (!ended) this.#body = new StreamBody(this, this.connection.bodyWindowBytes);
    admit(this, request, head);
  }

  /** @returns the body that the head tells of, where it is still to come */
  expectBody(head: RequestHead): RequestBody | undefined {
    return this.#body?.expect(head);
  }

  /** An extended CONNECT becomes what it is over HTTP/1: a GET with Upgrade. @returns the status of a refusal, or 0 */
  openTunnel({ head, protocol }: RequestReader): number {
    if (protocol === undefined || !this.connection.acceptsTunnels) return 405;
    if (protocol.toLowerCase() !== 'websocket') return 501;
    askForWebSocket(head);
    this.exchange.method = 'GET';
    this.exchange.body = undefined;
    this.#tunnel = new H2Tunnel(this);
    if (this.ended) this.#tunnel.over();
    return 0;
  }

  /** A frame that came before the request says more than its field (RFC 9218 §7). */
  #prioritize({ headers }: RequestHead): void {
    const early = this.connection.streams.earlyPriority(this.streamId);
    const field = early === undefined ? headers.joined('priority') : undefined;
    this.priority = early ?? (field === undefined ? undefined : priorityOf(field)) ?? DEFAULT_PRIORITY;
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
    if (!this.#body!.take(bytes)) return false;
    this.ended = last;
    return true;
  }

  dataPiece(data: Buffer): void {
    if (this.#tunnel) this.#tunnel.data(data);
    else this.#body!.piece(data);
  }

  dataEnd(): void {
    if (this.ended) this.bodyOver();
    else this.#body!.grant();
  }

  /** The client has sent the whole body. */
  bodyOver(): void {
    this.ended = true;
    if (this.#tunnel) this.#clientEnded(this.#tunnel);
    else this.#body!.over();
  }

  pauseReading(): void {
    this.#body?.pauseReading();
  }

  resumeReading(): void {
    this.#body?.resumeReading();
  }

  // --- the answer's way out ---

  writeInformation(status: number, headers: readonly (readonly [string, string])[]): void {
    if (!this.exchange.response) this.#answer.information(status, headers);
  }

  writeHead(exchange: Exchange, response: Response): void {
    // Whoever made the answer may know better than the client; what he does not say stays (RFC 9218 §8).
    const field = response.headers.joined('priority');
    if (field !== undefined) this.priority = priorityOf(field, this.priority) ?? this.priority;
    const server = exchange.location.serverToken(exchange);
    if (response.upgraded) this.#answer.tunnelHead(exchange, response, server);
    else this.#answer.head(exchange, response, server);
  }

  write(data: Buffer): boolean {
    return data.length === 0 || this.gone || this.#answer.data(data);
  }

  /** Its turn: one frame goes out. */
  sendNext(): void {
    if (!this.#answer.sendNext()) return;
    this.#deadline?.clear();
    if (this.#complete) this.#finish();
    else this.drained();
  }

  /** The transport has room again. */
  drained(): void {
    if (this.gone || this.#complete || !this.#answer.wakes()) return;
    if (this.#tunnel) this.#tunnel.drained();
    else this.exchange.resumeSource();
  }

  /** The client takes more of this stream. */
  widen(bytes: number): void {
    if (bytes === 0)
      return this.fail(PROTOCOL_ERROR, 'WINDOW_UPDATE frame with incorrect window increment 0');
    if (!this.shift(bytes))
      return this.fail(FLOW_CONTROL_ERROR, 'WINDOW_UPDATE frame beyond the largest window');
    this.connection.flow.pump();
  }

  /** Changes the window. @returns false when it becomes too large */
  shift(bytes: number): boolean {
    return this.#answer.shift(bytes);
  }

  end(): void {
    if (this.gone) return this.exchange.complete();
    // Fewer bytes than promised: the client must see the cut.
    if (this.#answer.short) return this.exchange.abort(502);
    this.#complete = true;
    if (this.pendingBytes === 0) this.#finish();
  }

  #finish(): void {
    if (this.#tunnel && this.exchange.response?.upgraded) return this.#finishTunnel();
    this.#answer.end(this.exchange);
    if (!this.ended) setImmediate(stopSending, this.connection.transport, this.streamId);
    this.#close();
    this.#body?.discard();
    this.exchange.complete();
  }

  /** Takes leave of the connection. */
  #close(): void {
    this.gone = true;
    this.#answer.drop();
    this.#deadline?.dispose();
    this.connection.release(this, !this.ended);
  }

  // --- faults and time ---

  /** The exchange was aborted: the client must not take what it has for the whole. */
  reset(): void {
    if (this.gone) return;
    const status = this.exchange.failedStatus;
    this.#cut(status === 408 ? PROTOCOL_ERROR : status === CLOSE_WITHOUT_ANSWER ? CANCEL : INTERNAL_ERROR);
  }

  #cut(code: number): void {
    this.connection.transport.writeText(resetFrame(this.streamId, code));
    this.#close();
  }

  /** The client broke the rules on this stream. */
  fail(code: number, reason: string): void {
    if (this.gone) return;
    this.connection.engine.traffic.malformed(PROTOCOL_FAULT);
    this.exchange.log('info', `client sent ${reason}`);
    this.#cut(code);
    this.exchange.abort(400);
  }

  /** The client does not want the answer any more. */
  cancelled(code: number): void {
    const how = code === CANCEL ? 'canceled' : 'terminated';
    const why = code === CANCEL ? '' : ` with status ${code}`;
    this.exchange.log('info', `client ${how} stream ${this.streamId}${why}`);
    this.lost();
  }

  /** The connection is gone, or the client's interest. */
  lost(): void {
    this.ended = true;
    this.#close();
    if (this.exchange.response?.upgraded) this.#tunnel?.lost();
    else this.exchange.clientLeft();
  }

  /** What is awaited of the client has to come in so many ms. */
  expire(ms: number): void {
    this.#deadline ??= new Deadline(this.connection.engine.clock, this);
    this.#deadline.set(ms);
  }

  /** The client owes nothing, unless it is behind with the answer. */
  expectNothing(): void {
    if (this.pendingBytes === 0) this.#deadline?.clear();
  }

  deadlineExpired(): void {
    const sending = this.pendingBytes > 0;
    if (this.exchange.response?.upgraded) {
      this.cutTunnel();
      return this.#tunnel?.lost();
    }
    if (!sending && (this.ended || this.#body?.paused || this.exchange.response)) return;
    this.exchange.log('info', 'client timed out');
    this.exchange.abort(408);
  }

  // --- a tunnel ---

  tunnel(): TunnelEnd | undefined {
    const transport = this.#tunnel;
    if (!transport) return undefined;
    this.#body?.openWide();
    return { transport, early: undefined };
  }

  /** Bytes that wait for the client's window. */
  get pendingBytes(): number {
    return this.#answer.pendingBytes;
  }

  #clientEnded(tunnel: H2Tunnel): void {
    tunnel.over();
    if (this.#answer.endSent) this.#close();
  }

  /** Nothing more goes to the client. @param whole and nothing it sends is wanted */
  endTunnel(whole: boolean): void {
    if (this.gone) return;
    this.#unwanted ||= whole;
    this.#complete = true;
    if (this.pendingBytes === 0) this.#finishTunnel();
  }

  #finishTunnel(): void {
    this.#answer.end(this.exchange);
    if (!this.ended && !this.#unwanted) return;
    if (this.ended) this.#close();
    else this.#cut(NO_ERROR);
  }

  cutTunnel(): void {
    if (!this.gone) this.#cut(CONNECT_ERROR);
  }

  tunnelEnded(): void {
    this.exchange.complete();
  }
}

/**
 * The answer is complete, and what the client still sends is of no use (RFC 9113 §8.1). It comes in a packet of its own:
 * curl 7.88 takes both at once for a stream that was closed without an answer.
 */
function stopSending(transport: Transport, streamId: number): void {
  transport.writeText(resetFrame(streamId, NO_ERROR));
}
