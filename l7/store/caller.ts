/** This node's way to one peer: it calls, tells all that there is, then what changes; calls again for as long as it takes. */
import type { TLSSocket } from 'node:tls';
import type { StoreAddress } from '#model/cluster/session-store.ts';
import { callPeer } from './channel.ts';
import { FrameFault, FrameReader } from './frame.ts';
import {
  type BatchHead,
  batchFrame,
  beatFrame,
  helloFrame,
  KIND,
  numberFrame,
  readBeat,
  type TicketClaim,
  ticketsFrame,
} from './records.ts';

/** Entries of one zone, ready to go. */
export interface Piece extends Pick<BatchHead, 'kind' | 'zone'> {
  readonly entries: Buffer;
  readonly count: number;
}

export interface CallerMeans {
  readonly peer: StoreAddress;
  /** The address of this node; undefined: whatever the kernel takes. */
  readonly from: string | undefined;
  readonly key: Buffer;
  readonly node: Uint8Array;
  /** Where this node listens, by which the peer knows it. */
  readonly port: number;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly claim: () => TicketClaim;
  /** All that there is, piece by piece. */
  readonly snapshot: () => Iterator<Piece>;
  /** The way has changed to `told`. */
  readonly changed: () => void;
}

/** A pause between calls: the first one, and the longest. */
const PAUSE_MS = { first: 200, most: 5000 };
const BEAT_MS = 1000;
/** After so long without a word the peer is gone. */
const SILENCE_MS = 5000;
const CONNECT_MS = 5000;
/** A peer that takes so little gets no more changes, but a snapshot later. */
const BUFFERED_MOST = 1024 * 1024;
/** Of a snapshot no more is on the way than that. */
const SNAPSHOT_BUFFERED = 256 * 1024;
const SNAPSHOT_PAUSE_MS = 1000;

export class Caller {
  told: 'down' | 'snapshot' | 'in-step' = 'down';
  reason: string | undefined = 'not called yet';
  lagMs: number | undefined;
  entriesSent = 0;
  batchesDropped = 0;
  snapshotsSent = 0;
  readonly #means: CallerMeans;
  #socket: TLSSocket | undefined;
  #pauseMs = PAUSE_MS.first;
  #redial: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #number = 0;
  #snapshot: Iterator<Piece> | undefined;
  #snapshotMs = -Infinity;
  #again: NodeJS.Timeout | undefined;
  #pumping = false;
  #heardMs = 0;
  #closed = false;

  constructor(means: CallerMeans) {
    this.#means = means;
    this.#call();
  }

  /** Whether it can be told something now. */
  get isUp(): boolean {
    return this.told !== 'down';
  }

  /** Tells of changes; what it cannot take now it gets by a snapshot. */
  tell(piece: Piece): void {
    if (!this.isUp) return;
    if ((this.#socket?.writableLength ?? 0) > BUFFERED_MOST) {
      this.#number++; // the peer misses it and asks
      this.batchesDropped++;
    } else this.#send(piece, false);
  }

  tellTickets(): void {
    if (this.isUp) this.#socket?.write(ticketsFrame(this.#means.claim()));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#redial);
    this.#down('closed');
  }

  #call(): void {
    const { peer, from, key, nowMs } = this.#means;
    const socket = callPeer(peer, from, key);
    this.#socket = socket;
    this.#heardMs = nowMs();
    const late = setTimeout(() => socket.destroy(new Error('it does not answer')), CONNECT_MS).unref();
    const reader = new FrameReader((kind, body) => this.#hear(kind, body));
    socket.setNoDelay(true);
    socket.once('secureConnect', () => {
      clearTimeout(late);
      this.#up(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (fault) {
        socket.destroy(fault as Error);
      }
    });
    socket.on('drain', () => this.#pump());
    socket.on('error', fault => (this.reason = reasonOf(fault)));
    socket.once('close', () => {
      clearTimeout(late);
      if (this.#socket !== socket) return;
      this.#down(this.reason ?? 'it has hung up');
      if (!this.#closed) this.#callLater();
    });
  }

  #callLater(): void {
    const pauseMs = this.#pauseMs * (0.5 + this.#means.random());
    this.#pauseMs = Math.min(PAUSE_MS.most, 2 * this.#pauseMs);
    this.#redial = setTimeout(() => this.#call(), pauseMs).unref();
  }

  #up(socket: TLSSocket): void {
    const { node, port, claim } = this.#means;
    this.reason = undefined;
    socket.write(helloFrame(node, port));
    socket.write(ticketsFrame(claim()));
    this.#beat = setInterval(() => this.#sendBeat(), BEAT_MS).unref();
    this.#begin();
    this.#sendBeat();
  }

  #down(reason: string): void {
    const was = this.told;
    this.told = 'down';
    this.reason = reason;
    this.lagMs = undefined;
    this.#snapshot = undefined;
    this.#snapshotMs = -Infinity;
    clearInterval(this.#beat);
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
    if (was !== 'down' || this.#pauseMs === PAUSE_MS.first) this.#means.changed();
  }

  #sendBeat(): void {
    const { nowMs } = this.#means;
    if (nowMs() - this.#heardMs > SILENCE_MS) this.#socket?.destroy(new Error('it is silent'));
    else this.#socket?.write(beatFrame({ sentMs: nowMs(), number: this.#number }));
  }

  /** @throws {FrameFault} */
  #hear(kind: number, body: Buffer): void {
    this.#heardMs = this.#means.nowMs();
    if (kind === KIND.again) return this.#beginSoon();
    if (kind !== KIND.beat) throw new FrameFault(`a frame of kind ${kind}`);
    const { sentMs, number } = readBeat(body);
    this.lagMs = Math.max(0, this.#heardMs - sentMs);
    this.#pauseMs = PAUSE_MS.first;
    const told = number === 1 ? 'in-step' : 'snapshot';
    if (told === this.told) return;
    this.told = told;
    this.#means.changed();
  }

  /** A peer that cannot keep up is not flooded with snapshots. */
  #beginSoon(): void {
    const waitMs = Math.max(0, this.#snapshotMs + SNAPSHOT_PAUSE_MS - this.#means.nowMs());
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      if (this.#socket) this.#begin();
    }, waitMs).unref();
  }

  #begin(): void {
    this.#snapshotMs = this.#means.nowMs();
    this.#snapshot = this.#means.snapshot();
    this.told = 'snapshot';
    this.snapshotsSent++;
    this.#socket?.write(numberFrame(KIND.begin, this.#number));
    this.#pump();
  }

  /** A piece in each turn of the event loop, as long as the way takes it. */
  #pump(): void {
    if (this.#pumping || !this.#snapshot) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const socket = this.#socket;
      if (!socket || !this.#snapshot || socket.writableLength > SNAPSHOT_BUFFERED) return;
      const next = this.#snapshot.next();
      if (next.done) {
        this.#snapshot = undefined;
        socket.write(numberFrame(KIND.end, this.#number));
        this.#sendBeat();
      } else {
        this.#send(next.value, true);
        this.#pump();
      }
    });
  }

  #send({ kind, zone, entries, count }: Piece, isSnapshot: boolean): void {
    this.#number = (this.#number + 1) >>> 0;
    this.#socket?.write(batchFrame({ number: this.#number, kind, isSnapshot, zone }, entries));
    this.entriesSent += count;
  }
}

/** What a fault of the way means to the operator. */
function reasonOf(fault: Error): string {
  const { code, message } = fault as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  if (code?.startsWith('ERR_SSL_')) return 'the keys differ, or it is no session store';
  return code === undefined ? message : code;
}
