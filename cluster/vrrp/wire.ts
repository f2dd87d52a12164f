/** The raw sockets that advertisements come and go by; instances of one interface and family share one. */

import { addressBytes } from '#kit/address-bytes.ts';
import { type GroupArrival, groupReceive, groupSend, groupSocket } from '#native/group.ts';
import { closeFd } from '#native/socket.ts';
import { watchFd } from '#native/watch.ts';
import type { Arrival } from './admit.ts';
import { VRRP_PROTOCOL } from './checksum.ts';
import type { Family } from './packet.ts';

export const GROUPS: Readonly<Record<Family, Uint8Array>> = {
  4: addressBytes('224.0.0.18'),
  6: addressBytes('ff02::12'),
};

/** The longest: 255 addresses of IPv6, and an IPv4 header with options. */
const BUFFER_BYTES = 8192;

export type Hear = (arrival: Arrival) => void;

export interface Place {
  readonly family: Family;
  /** Of the interface; 0 with unicast, which comes in by any. */
  readonly index: number;
}

/** What one instance has of a socket. */
export interface Line {
  /** @throws {Error} with `code` */
  send(destination: Uint8Array, source: Uint8Array, index: number, message: Uint8Array): void;
  /** Hears now what has come in, before it would be told. */
  drain(): void;
  close(): void;
}

export class Wire {
  readonly #sockets = new Map<string, SharedSocket>();
  /** Advertisements for virtual router IDs that no instance has. */
  strangers = 0;

  /** @throws code EPERM, ENODEV @param vrid only advertisements of it are heard */
  open(place: Place, vrid: number, hear: Hear): Line {
    const key = `${place.family}/${place.index}`;
    const socket = this.#sockets.get(key) ?? new SharedSocket(place, this);
    this.#sockets.set(key, socket);
    socket.hearers.set(vrid, hear);
    return {
      send: (...packet) => groupSend(socket.fd, ...packet),
      drain: () => socket.drain(),
      close: () => {
        socket.hearers.delete(vrid);
        if (socket.hearers.size > 0 || this.#sockets.get(key) !== socket) return;
        this.#sockets.delete(key);
        socket.close();
      },
    };
  }
}

class SharedSocket {
  readonly fd: number;
  readonly hearers = new Map<number, Hear>();
  readonly #family: Family;
  readonly #wire: Wire;
  readonly #unwatch: () => void;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #closed = false;

  constructor({ family, index }: Place, wire: Wire) {
    this.#family = family;
    this.#wire = wire;
    const group = index === 0 ? undefined : GROUPS[family];
    this.fd = groupSocket({ family, protocol: VRRP_PROTOCOL, index, group });
    this.#unwatch = watchFd(this.fd, () => this.drain());
  }

  drain(): void {
    while (!this.#closed) {
      const arrival = this.#receive();
      if (!arrival) return;
      const { source, destination, hops, offset, length } = arrival;
      const message = this.#buffer.subarray(offset, offset + length);
      const hear = length > 1 ? this.hearers.get(message[1]!) : undefined;
      if (hear) hear({ family: this.#family, source, destination, hops, message });
      else this.#wire.strangers++;
    }
  }

  /** An interface that went down says so once to whoever reads; that is told by others. */
  #receive(): GroupArrival | undefined {
    try {
      return groupReceive(this.fd, this.#buffer);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENETDOWN') throw fault;
      return undefined;
    }
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    closeFd(this.fd);
  }
}
