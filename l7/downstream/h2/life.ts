/** How long a connection lasts: its time limits, how moat takes leave of its client, and what ends it at once. */
import { Deadline, type DeadlineOwner } from '../../deadline.ts';
import {
  ConnectionFault,
  ENHANCE_YOUR_CALM,
  goAwayFrame,
  MOST_STREAM_ID,
  NO_ERROR,
  PROTOCOL_ERROR,
  pingFrame,
  resetFrame,
} from '../../wire/h2/frame.ts';
import { PROTOCOL_FAULT } from '../../wire/h2/guard.ts';
import { Lingering } from '../lingering.ts';
import type { H2Connection } from './connection.ts';

/** How long a client that is asked to leave may take to say that it knows. */
const FAREWELL_MS = 1000;
const FAREWELL = 'farewell';

export class Life implements DeadlineOwner {
  /** Streams after the last one are not served any more. */
  leaving = false;
  /** What comes is not heeded any more. */
  closing = false;
  readonly #connection: H2Connection;
  readonly #deadline: Deadline;
  readonly #lingering = new Lingering();
  /** moat is stopping, and has said so. */
  #warned = false;
  #pausedForOutput = false;

  constructor(connection: H2Connection) {
    this.#connection = connection;
    this.#deadline = new Deadline(connection.engine.clock, this);
  }

  // --- time ---

  /** Sets the time for what is awaited now. */
  awaitNext(): void {
    if (this.#warned && !this.leaving) return;
    const { intake, streams, requests, partial, partialBlock, tables } = this.#connection;
    const { core } = tables.first.model;
    if (partialBlock !== 0) {
      if (!intake.timed) this.#deadline.set(core.clientHeaderTimeoutMs);
      intake.timed = true;
      return;
    }
    intake.timed = false;
    if (this.#pausedForOutput) this.#deadline.set(tables.first.root.core.sendTimeoutMs);
    else if (streams.size > 0) this.#deadline.clear();
    else if (requests === 0 || partial) this.#deadline.set(core.clientHeaderTimeoutMs);
    else this.#deadline.set(tables.first.root.core.keepaliveTimeout.idleMs);
  }

  deadlineExpired(): void {
    const { transport, partialBlock, streams } = this.#connection;
    if (this.closing) return transport.destroy();
    if (this.#pausedForOutput) this.destroy();
    else if (partialBlock !== 0) this.#giveUpBlock(partialBlock);
    else if (this.#warned || streams.size === 0) this.leave();
  }

  #giveUpBlock(stream: number): void {
    const { engine, intake, transport, tables } = this.#connection;
    const reason = 'no complete request in time';
    this.#connection.log('info', 'client timed out');
    engine.traffic.malformed(reason);
    if (!intake.giveUp(stream)) return this.fail(new ConnectionFault(PROTOCOL_ERROR, reason));
    transport.writeText(resetFrame(stream, PROTOCOL_ERROR));
    this.#deadline.set(tables.first.root.core.keepaliveTimeout.idleMs);
  }

  /** The client takes no answers: nothing is read of it until it does. */
  pauseForOutput(): void {
    if (this.#pausedForOutput) return;
    this.#pausedForOutput = true;
    this.#connection.transport.pause();
  }

  /** The client has taken what waited. */
  drained(): void {
    if (!this.#pausedForOutput) return;
    this.#pausedForOutput = false;
    this.#connection.transport.resume();
  }

  // --- leave ---

  /** keepalive_requests, keepalive_time: this request is served, later ones are for another connection. */
  countRequest(): void {
    const { engine, startedMs, requests, tables } = this.#connection;
    const { core } = tables.first.root;
    const ageMs = engine.clock.nowMs() - startedMs;
    if (!this.leaving && (requests >= core.keepaliveRequests || ageMs >= core.keepaliveTimeMs)) this.leave();
  }

  /** RFC 9113 §6.8: requests that are under way already are still served, so first comes a warning. */
  warn(): void {
    if (this.closing || this.leaving || this.#warned) return;
    this.#warned = true;
    this.#connection.transport.writeText(goAwayFrame(MOST_STREAM_ID, NO_ERROR) + pingFrame(FAREWELL, 0));
    this.#deadline.set(FAREWELL_MS);
  }

  /** A ping of moat's comes back. */
  pong(text: string): void {
    if (text === FAREWELL && this.#warned) this.leave();
  }

  /** No stream after the last one is served; the connection ends with those that are open. */
  leave(): void {
    const { streams, transport } = this.#connection;
    if (!this.leaving) transport.writeText(goAwayFrame(streams.last, NO_ERROR));
    this.leaving = true;
    if (streams.size === 0) this.#close();
  }

  /** The last stream that was open is over. */
  idle(): void {
    if (this.closing) return;
    if (this.leaving) this.#close();
    else this.awaitNext();
  }

  // --- end ---

  /** The client broke the rules of the connection. */
  fail(fault: ConnectionFault): void {
    const connection = this.#connection;
    connection.log('info', `client sent ${fault.message}`);
    connection.engine.traffic.malformed(fault.code === ENHANCE_YOUR_CALM ? fault.message : PROTOCOL_FAULT);
    connection.transport.writeText(goAwayFrame(connection.streams.last, fault.code));
    this.leaving = true;
    connection.dropStreams();
    this.#close();
  }

  /** Sends FIN, and reads on for a while. */
  #close(): void {
    if (this.closing) return;
    this.closing = true;
    const { engine, transport, tables } = this.#connection;
    this.#connection.stopReading();
    const { core } = tables.first.root;
    if (core.lingeringClose === 'off') return transport.closeSoon();
    transport.end();
    this.#lingering.begin(core, engine.clock);
    if (this.#pausedForOutput) transport.resume();
    this.lingerOn();
  }

  /** Something came that is not heeded any more. */
  lingerOn(): void {
    const { engine, transport } = this.#connection;
    this.#lingering.goOn(transport, this.#deadline, engine.clock);
  }

  /** The client has closed its side. */
  clientEnded(): void {
    const { partial, streams, transport } = this.#connection;
    if (this.closing) return transport.closeSoon();
    if (streams.size > 0 || partial) this.#connection.log('info', 'client prematurely closed connection');
    this.#connection.dropStreams();
    this.closing = true;
    transport.closeSoon();
  }

  /** The transport is closed. */
  over(): void {
    this.closing = true;
    this.#deadline.dispose();
  }

  destroy(): void {
    const { streams, transport } = this.#connection;
    if (!this.closing) transport.writeText(goAwayFrame(streams.last, NO_ERROR));
    transport.destroy();
  }
}
