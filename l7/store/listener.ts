/** Where peers call this node: who has no business here is refused, and what the others say is handed on. */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import type { StoreAddress } from '#model/cluster/session-store.ts';
import { channelServer } from './channel.ts';
import type { Refusal } from './figures.ts';
import { BodyReader, FrameFault, FrameReader } from './frame.ts';
import {
  type BatchHead,
  beatFrame,
  KIND,
  numberFrame,
  readBatchHead,
  readBeat,
  readHello,
  readNumber,
  readTickets,
  type TicketClaim,
} from './records.ts';

export interface ListenerMeans {
  readonly listen: StoreAddress;
  readonly peers: readonly StoreAddress[];
  readonly key: Buffer;
  readonly node: Uint8Array;
  readonly nowMs: () => number;
  /** @returns how many entries; undefined: they could not be taken now @throws {FrameFault} */
  readonly take: (head: BatchHead, reader: BodyReader) => number | undefined;
  readonly takeTickets: (claim: TicketClaim) => void;
  readonly refused: (why: Refusal, by: string, detail: string) => void;
  /** The way from a peer has changed. */
  readonly changed: (name: string) => void;
  /** Nobody can call, for a reason; or one can (again). */
  readonly listening: (fault: string | undefined) => void;
}

/** A place that an earlier process still has is tried again. */
const RETRY_MS = 1000;
const SILENCE_MS = 5000;
const CALLS_PER_PEER = 4;

export const peerName = ({ address, port }: StoreAddress): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** One call of a peer. */
interface Call {
  readonly socket: TLSSocket;
  peer: string | undefined;
  state: 'snapshot' | 'in-step';
  /** Number of the last batch; undefined: not counted yet, or one is missing. */
  number: number | undefined;
  asked: boolean;
}

export class Listener {
  readonly #means: ListenerMeans;
  readonly #server: Server;
  readonly #calls = new Set<Call>();
  readonly #received = new Map<string, number>();
  readonly #raw = new Set<Socket>();
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(means: ListenerMeans) {
    this.#means = means;
    this.#server = channelServer(means.key);
    this.#server.maxConnections = CALLS_PER_PEER * means.peers.length;
    this.#server.prependListener('connection', (socket: Socket) => this.#admit(socket));
    this.#server.on('secureConnection', socket => this.#serve(socket));
    this.#server.on('tlsClientError', (fault, socket) => this.#countFault(fault, socket));
    this.#server.on('listening', () => means.listening(undefined));
    this.#server.on('error', fault => this.#listenLater(fault));
    this.#listen();
  }

  /** How far the peer's way to this node is. */
  heard(name: string): 'down' | 'snapshot' | 'in-step' {
    let state: 'down' | 'snapshot' | 'in-step' = 'down';
    for (const call of this.#calls) if (call.peer === name) state = call.state;
    return state;
  }

  received(name: string): number {
    return this.#received.get(name) ?? 0;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#server.close();
    for (const { socket } of this.#calls) socket.destroy();
    for (const socket of this.#raw) socket.destroy();
  }

  #listen(): void {
    const { address, port } = this.#means.listen;
    this.#server.listen({ host: address, port, exclusive: true });
  }

  #listenLater(fault: NodeJS.ErrnoException): void {
    if (this.#closed) return;
    this.#means.listening(
      fault.code === 'EADDRINUSE'
        ? 'another process listens there'
        : fault.code === 'EADDRNOTAVAIL'
          ? 'this host has no such address'
          : fault.message,
    );
    this.#retry = setTimeout(() => this.#listen(), RETRY_MS).unref();
  }

  /** Before a byte of theirs is read. */
  #admit(socket: Socket): void {
    const address = addressOf(socket);
    if (!this.#means.peers.some(peer => peer.address === address)) {
      this.#means.refused('stranger', address, 'no peer has this address');
      socket.destroy();
      return;
    }
    this.#raw.add(socket);
    socket.once('close', () => this.#raw.delete(socket));
  }

  #countFault(fault: Error, socket: TLSSocket): void {
    const { code = '' } = fault as NodeJS.ErrnoException;
    if (!code.startsWith('ERR_SSL_')) return; // it hung up
    const isKey = /BAD_RECORD_MAC|DECRYPT|PSK/.test(code);
    this.#means.refused(isKey ? 'key' : 'rubbish', addressOf(socket), isKey ? 'it has another key' : code);
  }

  #serve(socket: TLSSocket): void {
    const call: Call = { socket, peer: undefined, state: 'snapshot', number: undefined, asked: false };
    this.#calls.add(call);
    const reader = new FrameReader((kind, body) => this.#hear(call, kind, body));
    socket.setNoDelay(true);
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (fault) {
        if (!(fault instanceof FrameFault)) throw fault;
        this.#means.refused('rubbish', call.peer ?? addressOf(socket), fault.message);
        socket.destroy();
      }
    });
    socket.on('error', () => {}); // `close` follows
    socket.once('close', () => {
      this.#calls.delete(call);
      if (call.peer !== undefined) this.#means.changed(call.peer);
    });
  }

  /** @throws {FrameFault} */
  #hear(call: Call, kind: number, body: Buffer): void {
    if (call.socket.destroyed) return;
    if (call.peer === undefined) return this.#greet(call, kind, body);
    switch (kind) {
      case KIND.tickets:
        return this.#means.takeTickets(readTickets(body));
      case KIND.begin:
        call.number = readNumber(body);
        call.asked = false;
        call.state = 'snapshot';
        return;
      case KIND.batch:
        return this.#takeBatch(call, call.peer, body);
      case KIND.end:
        return this.#end(call, call.peer, readNumber(body));
      case KIND.beat:
        return this.#answerBeat(call, body);
      default:
        throw new FrameFault(`a frame of kind ${kind}`);
    }
  }

  #greet(call: Call, kind: number, body: Buffer): void {
    if (kind !== KIND.hello) throw new FrameFault(`a frame of kind ${kind} before hello`);
    const { node, port } = readHello(body);
    const address = addressOf(call.socket);
    const peer = this.#means.peers.find(known => known.address === address && known.port === port);
    if (node.equals(this.#means.node))
      this.#refuse(call, 'self', `${address}:${port}`, 'a peer line leads to this node');
    else if (!peer) this.#refuse(call, 'stranger', `${address}:${port}`, 'no peer line names it');
    else {
      call.peer = peerName(peer);
      for (const other of this.#calls) if (other !== call && other.peer === call.peer) other.socket.destroy();
    }
  }

  #refuse({ socket }: Call, why: Refusal, by: string, detail: string): void {
    this.#means.refused(why, by, detail);
    socket.destroy();
  }

  #takeBatch(call: Call, peer: string, body: Buffer): void {
    const reader = new BodyReader(body);
    const head = readBatchHead(reader);
    this.#follow(call, head.number);
    const count = this.#means.take(head, reader);
    if (count === undefined) this.#miss(call);
    else this.#received.set(peer, this.received(peer) + count);
  }

  /** One that is missing was dropped by the peer, which had no room: it is asked for everything, once. */
  #follow(call: Call, number: number): void {
    if (call.number !== undefined && number === (call.number + 1) >>> 0) call.number = number;
    else this.#miss(call);
  }

  #miss(call: Call): void {
    call.number = undefined;
    call.state = 'snapshot';
    if (call.asked) return;
    call.asked = true;
    call.socket.write(numberFrame(KIND.again, 0));
  }

  #end(call: Call, peer: string, number: number): void {
    if (call.number !== number) return this.#miss(call);
    call.state = 'in-step';
    this.#means.changed(peer);
  }

  #answerBeat(call: Call, body: Buffer): void {
    const { sentMs, number } = readBeat(body);
    if (call.number !== undefined && call.number !== number) this.#miss(call);
    call.socket.write(beatFrame({ sentMs, number: call.state === 'in-step' ? 1 : 0 }));
  }
}

const addressOf = (socket: Socket): string =>
  (socket.remoteAddress ?? 'one that is gone').replace(/^::ffff:(?=\d+\.)/, '');
