/** A tunnel: bytes both ways between two transports until both have ended. */
import type { Clock } from '../clock.ts';
import { Deadline, type DeadlineOwner } from '../deadline.ts';
import type { Transport, TransportOwner } from './transport.ts';

const HIGH_WATER_BYTES = 262_144;

/** The client's end of a tunnel, and what it sent before the tunnel stood. */
export interface TunnelEnd {
  readonly transport: Transport;
  readonly early: Buffer | undefined;
}

/** @param done told once, with the bytes that went each way; both transports are closed by then */
export function relay(
  client: TunnelEnd,
  server: Transport,
  idleMs: number,
  clock: Clock,
  done: (fromClient: number, fromServer: number) => void,
): void {
  new Tunnel(client, server, idleMs, clock, done);
}

class Tunnel implements DeadlineOwner {
  readonly #client: Transport;
  readonly #server: Transport;
  readonly #idleMs: number;
  readonly #deadline: Deadline;
  readonly #done: (fromClient: number, fromServer: number) => void;
  readonly #sides: readonly [Side, Side];
  #over = false;

  constructor(
    { transport: client, early }: TunnelEnd,
    server: Transport,
    idleMs: number,
    clock: Clock,
    done: (fromClient: number, fromServer: number) => void,
  ) {
    this.#client = client;
    this.#server = server;
    this.#idleMs = idleMs;
    this.#deadline = new Deadline(clock, this);
    this.#done = done;
    this.#sides = [new Side(this, client, server), new Side(this, server, client)];
    [client.owner, server.owner] = this.#sides;
    this.#deadline.set(idleMs);
    if (early) this.#sides[0].transportData(early);
    client.resume();
    server.resume();
  }

  touched(): void {
    this.#deadline.set(this.#idleMs);
  }

  /** One way has ended: the other goes on, until it ends too. */
  sideEnded(): void {
    if (!this.#sides.every(side => side.ended)) return;
    this.#client.closeSoon();
    this.#server.closeSoon();
    this.#finish();
  }

  deadlineExpired(): void {
    this.close();
  }

  close(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline.dispose();
    this.#done(this.#sides[0].bytes, this.#sides[1].bytes);
  }
}

/** What comes from one transport and goes to the other. */
class Side implements TransportOwner {
  bytes = 0;
  ended = false;
  readonly #tunnel: Tunnel;
  readonly #from: Transport;
  readonly #to: Transport;

  constructor(tunnel: Tunnel, from: Transport, to: Transport) {
    this.#tunnel = tunnel;
    this.#from = from;
    this.#to = to;
  }

  transportConnected(): void {}

  transportData(bytes: Buffer): void {
    this.bytes += bytes.length;
    this.#tunnel.touched();
    this.#to.writeBytes(bytes);
    if (this.#to.pendingBytes >= HIGH_WATER_BYTES) this.#from.pause();
  }

  /** What was sent to this side has left: the other one may be read again. */
  transportDrained(): void {
    this.#to.resume();
  }

  transportEnded(): void {
    this.ended = true;
    this.#to.end();
    this.#tunnel.sideEnded();
  }

  transportClosed(): void {
    this.#tunnel.close();
  }
}
