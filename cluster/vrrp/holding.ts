/** The virtual addresses of one instance on the interfaces of this host: put there, taken away, announced. */
import { readFileSync } from 'node:fs';
import { addressBytes } from '#kit/address-bytes.ts';
import type { VirtualAddress } from '#model/cluster/vrrp.ts';
import { linkSend } from '#native/link.ts';
import { addAddress, removeAddress, renewAddress } from '#native/netlink.ts';
import type { Interfaces } from '../interfaces.ts';
import type { Log } from '../log.ts';
import { announcementOf } from './announcement.ts';

const MAC_BYTES = 6;
/** A lease is renewed so often within its time. */
const RENEWALS = 4;
/** So long a process of the same host may take to go on. */
const LEFT_S = 60;

interface Held {
  readonly model: VirtualAddress;
  readonly address: Uint8Array;
  readonly interface: string;
}

export const nameOf = ({ address, prefixBits }: VirtualAddress): string => `${address}/${prefixBits}`;

interface Wish {
  /** Where an address is put that names no interface. */
  readonly by: string;
  /** It has them now: others come and go at once. */
  readonly holds: boolean;
  /** The kernel takes them away when this process has been silent for so many seconds; undefined: never. */
  readonly leaseS: number | undefined;
  /** Asked before each renewal: a process that slept may have lost its right to them. */
  readonly mayKeep: () => boolean;
}

export class Holding {
  readonly #interfaces: Interfaces;
  readonly #linkFd: number;
  readonly #log: Log;
  #wanted: readonly Held[] = [];
  /** What was there already is not ours to take away. */
  readonly #foreign = new Set<string>();
  #leaseS: number | undefined;
  #mayKeep: Wish['mayKeep'] = () => true;
  #renewal: NodeJS.Timeout | undefined;

  /** @param linkFd a socket of #native/link.ts */
  constructor(interfaces: Interfaces, linkFd: number, log: Log) {
    this.#interfaces = interfaces;
    this.#linkFd = linkFd;
    this.#log = log;
  }

  want(models: readonly VirtualAddress[], { by, holds, leaseS, mayKeep }: Wish): void {
    const before = this.#wanted;
    this.#leaseS = leaseS;
    this.#mayKeep = mayKeep;
    this.#wanted = models.map(model => ({
      model,
      address: addressBytes(model.address),
      interface: model.interface ?? by,
    }));
    if (!holds) return;
    const keep = new Set(this.#wanted.map(keyOf));
    for (const held of before) if (!keep.has(keyOf(held))) this.#remove(held);
    this.take();
    this.keep();
  }

  /** Puts there what is not there. @returns how many were missing */
  take(): number {
    return this.#wanted.filter(held => this.#add(held)).length;
  }

  /** Renews them from now on until release(). */
  keep(): void {
    clearInterval(this.#renewal);
    // What was there before may have another time to live.
    this.#renew(this.#leaseS);
    if (this.#leaseS === undefined) return;
    this.#renewal = setInterval(() => this.#renew(this.#leaseS), (this.#leaseS * 1000) / RENEWALS);
  }

  #renew(goodForS: number | undefined): void {
    if (!this.#mayKeep()) return;
    for (const held of this.#wanted) {
      const link = this.#interfaces.find(held.interface);
      if (!link || this.#foreign.has(keyOf(held))) continue;
      const { address, model } = held;
      try {
        renewAddress(link.index, address, nameOf(model), { ...model, goodForS });
      } catch (fault) {
        if ((fault as NodeJS.ErrnoException).code !== 'ENODEV') this.#log.error((fault as Error).message);
      }
    }
  }

  release(): void {
    clearInterval(this.#renewal);
    for (const held of this.#wanted) this.#remove(held);
  }

  /** Leaves them where they are, for another process of this host that renews them from now on. */
  leave(): void {
    clearInterval(this.#renewal);
    if (this.#leaseS !== undefined) this.#renew(LEFT_S);
  }

  /**
   * Takes away what an earlier life has left, which had no time to.
   *
   * @returns which ones it were
   */
  sweep(): string[] {
    const left = this.#wanted.filter(({ address, interface: name }) => {
      const link = this.#interfaces.find(name);
      return link !== undefined && this.#interfaces.has(link.index, address);
    });
    for (const held of left) this.#remove(held);
    return left.map(({ model }) => nameOf(model));
  }

  /** What is there now is the host's own, and stays. */
  spare(): void {
    for (const held of this.#wanted) {
      const link = this.#interfaces.find(held.interface);
      if (link && this.#interfaces.has(link.index, held.address)) this.#foreign.add(keyOf(held));
    }
  }

  #add(held: Held): boolean {
    const link = this.#interfaces.find(held.interface);
    if (!link) return false;
    const { model, address } = held;
    try {
      addAddress(link.index, address, nameOf(model), { ...model, goodForS: this.#leaseS });
      return true;
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') this.#log.error((fault as Error).message);
      return false;
    }
  }

  #remove(held: Held): void {
    const link = this.#interfaces.find(held.interface);
    if (!link || this.#foreign.has(keyOf(held))) return;
    try {
      removeAddress(link.index, held.address, nameOf(held.model), held.model);
    } catch (fault) {
      const { code, message } = fault as NodeJS.ErrnoException;
      if (code !== 'EADDRNOTAVAIL' && code !== 'ENODEV') this.#log.error(message);
    }
  }

  /** Each address once. */
  announce(): void {
    for (const { address, interface: name } of this.#wanted) {
      const link = this.#interfaces.find(name);
      if (link?.mac.length !== MAC_BYTES) continue;
      const isRouter = address.length === 16 && forwardsIpv6(name);
      try {
        linkSend(this.#linkFd, link.index, announcementOf(address, { mac: link.mac, isRouter }));
      } catch (fault) {
        const { code } = fault as NodeJS.ErrnoException;
        if (code !== 'ENETDOWN' && code !== 'ENXIO') this.#log.error((fault as Error).message);
      }
    }
  }
}

const keyOf = ({ model, interface: name }: Held): string => `${nameOf(model)} ${name}`;

function forwardsIpv6(name: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${name}/forwarding`, 'latin1').trim() === '1';
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
    return false; // the interface has gone
  }
}
