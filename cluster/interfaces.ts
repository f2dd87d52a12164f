/** The interfaces of this host as they are now, and word of every change. */

import { isLinkLocal, sameAddress } from '#kit/address-bytes.ts';
import {
  drainChanges,
  type Link,
  type LocalAddress,
  listAddresses,
  listenToChanges,
  listLinks,
} from '#native/netlink.ts';
import { hasRouteTo } from '#native/routes.ts';
import { closeFd } from '#native/socket.ts';
import { watchFd } from '#native/watch.ts';

export class Interfaces {
  readonly #onChange: () => void;
  readonly #fd: number;
  readonly #unwatch: () => void;
  #links: ReadonlyMap<string, Link> = new Map();
  #addresses: readonly LocalAddress[] = [];
  /** Of those that somebody has asked for, whether they are there. */
  readonly #routes = new Map<string, boolean>();

  /** @param onChange called when something is another than it was; what this tells is new then */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#fd = listenToChanges();
    this.#unwatch = watchFd(this.#fd, () => this.#changed());
    this.#read();
  }

  #changed(): void {
    drainChanges(this.#fd);
    this.#read();
    this.#onChange();
  }

  #read(): void {
    this.#links = new Map(listLinks().map(link => [link.name, link]));
    this.#addresses = listAddresses();
    this.#routes.clear();
  }

  /** Undefined: there is none of that name. */
  find(name: string): Link | undefined {
    return this.#links.get(name);
  }

  /** Whether it is on, and its wire carries. */
  isUsable(name: string): boolean {
    const link = this.#links.get(name);
    return link?.up === true && link.running;
  }

  has(index: number, address: Uint8Array): boolean {
    return this.#addresses.some(own => own.index === index && sameAddress(own.address, address));
  }

  /**
   * The address that packets of a family come from: the primary one of IPv4, the link-local one of IPv6 (RFC 9568 §5.1.1).
   *
   * @param virtual addresses that are not meant, since they come and go
   */
  sourceOf(index: number, family: 4 | 6, virtual: readonly Uint8Array[]): Uint8Array | undefined {
    const fits = ({ index: at, address, secondary, tentative }: LocalAddress) =>
      at === index &&
      (family === 4 ? address.length === 4 && !secondary : isLinkLocal(address) && !tentative) &&
      !virtual.some(one => sameAddress(one, address));
    return this.#addresses.find(fits)?.address;
  }

  /** Exactly this one, in the main table. */
  hasRoute(destination: Uint8Array, prefixBits: number): boolean {
    const key = `${destination} ${prefixBits}`;
    const known = this.#routes.get(key) ?? hasRouteTo(destination, prefixBits);
    this.#routes.set(key, known);
    return known;
  }

  close(): void {
    this.#unwatch();
    closeFd(this.#fd);
  }
}
