/** The address that questions over IPv6 come from: never a virtual one. */
import { isLinkLocal, isWithin } from '#kit/address-bytes.ts';
import { type LocalAddress, listAddresses } from '#native/netlink.ts';
import { addressBytes, addressText, ownBytes } from '../address.ts';

/** So long a look at this host's addresses is good for. */
const FRESH_MS = 1000;
const IP6_BYTES = 16;
const HOST_BITS = 128;

/**
 * Of several addresses the kernel takes the one whose prefix matches the longest part of the real server's (RFC 6724, rule 8), and a
 * virtual address of 128 bits matches best. A real server that holds that address itself would answer to itself.
 */
export class Sources {
  readonly #nowMs: () => number;
  readonly #list: () => readonly LocalAddress[];
  #own: readonly LocalAddress[] = [];
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number, list: () => readonly LocalAddress[] = listAddresses) {
    this.#nowMs = nowMs;
    this.#list = list;
  }

  /** @returns undefined: the kernel may choose, for IPv4 or where this host is not in the network of `to` */
  of(to: string, isVirtual: (address: string) => boolean): string | undefined {
    if (!to.includes(':')) return undefined;
    const nowMs = this.#nowMs();
    if (nowMs - this.#readMs >= FRESH_MS) {
      this.#own = this.#list();
      this.#readMs = nowMs;
    }
    const target = ownBytes(addressBytes(to));
    const near = this.#own.filter(
      own =>
        own.address.length === IP6_BYTES &&
        own.prefixBits < HOST_BITS &&
        !isLinkLocal(own.address) &&
        isWithin(target, own),
    );
    return near.map(({ address }) => addressText(address)).find(address => !isVirtual(address));
  }
}
