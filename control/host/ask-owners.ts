/** Asks a network who has an address: by ARP (RFC 826), and over IPv6 by neighbour solicitation (RFC 4861). Whoever answers is told. */

import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressBytes, addressText } from '#kit/address-bytes.ts';
import {
  arpRequest,
  readArpReply,
  readNeighbourAdvertisement,
  solicitation,
} from '#native/neighbour-packets.ts';
import { packetSocket, rawReceive, rawSocket } from '#native/raw.ts';
import { closeFd } from '#native/socket.ts';
import { isIp4 } from './facts.ts';

export interface OwnerQuestion {
  /** In its usual form. */
  readonly address: string;
  /** The interface to ask on. */
  readonly link: string;
  /** Of that interface. */
  readonly mac: Uint8Array;
  /** Own addresses on it, from which one is asked with; IPv6 wants a link-local one. */
  readonly own: readonly string[];
}

const ARP = 0x0806;
const IPV6 = 0x86dd;
const ICMPV6 = 58;
const ADVERTISEMENT = 136;
/** Asked so often, for a packet may be lost. */
const ROUNDS = 2;
const ROUND_MS = 400;
const BUFFER_BYTES = 2048;

/**
 * Takes 0.8 s, however many there are.
 *
 * @returns link addresses of all that answered, as text, by address and interface (`ADDRESS%LINK`); our own are not among them
 * @throws {Error} EPERM without CAP_NET_RAW
 */
export async function askOwners(questions: readonly OwnerQuestion[]): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  using asker = new Asker(questions, (address, link, mac) => {
    const key = `${address}%${link}`;
    found.set(key, (found.get(key) ?? new Set()).add(mac));
  });
  for (let round = 0; round < ROUNDS; round++) {
    asker.ask();
    await sleep(ROUND_MS);
    asker.hear();
  }
  return found;
}

type Told = (address: string, link: string, mac: string) => void;

const macText = (bytes: Uint8Array) =>
  Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(':');

class Asker implements Disposable {
  readonly #questions: readonly OwnerQuestion[];
  readonly #told: Told;
  readonly #sockets = new Map<string, number>();
  readonly #advertisements: number | undefined;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);

  constructor(questions: readonly OwnerQuestion[], told: Told) {
    this.#questions = questions;
    this.#told = told;
    if (questions.some(({ address }) => !isIp4(address)))
      this.#advertisements = rawSocket({ family: 6, protocol: ICMPV6, icmpType: ADVERTISEMENT });
    for (const { address, link } of questions) {
      const key = `${isIp4(address) ? ARP : IPV6} ${link}`;
      if (!this.#sockets.has(key)) this.#sockets.set(key, packetSocket(link, isIp4(address) ? ARP : IPV6));
    }
  }

  ask(): void {
    for (const { address, link, mac, own } of this.#questions) {
      const target = addressBytes(address);
      if (isIp4(address)) {
        const from = own.find(isIp4);
        const frame = arpRequest(mac, from === undefined ? new Uint8Array(4) : addressBytes(from), target);
        writeSync(this.#sockets.get(`${ARP} ${link}`)!, frame);
      } else {
        const from = own.find(one => one.startsWith('fe80:')) ?? own.find(one => !isIp4(one));
        if (from !== undefined)
          writeSync(this.#sockets.get(`${IPV6} ${link}`)!, solicitation(mac, addressBytes(from), target));
      }
    }
  }

  hear(): void {
    for (const [key, fd] of this.#sockets) {
      const link = key.slice(key.indexOf(' ') + 1);
      // What else comes by a socket of IPv6 is emptied out.
      for (let got = this.#take(fd); got; got = this.#take(fd))
        if (key.startsWith(`${ARP} `)) this.#tell(readArpReply(got), link);
    }
    if (this.#advertisements === undefined) return;
    for (let got = this.#take(this.#advertisements); got; got = this.#take(this.#advertisements))
      this.#tell(readNeighbourAdvertisement(got), undefined);
  }

  #take(fd: number): Uint8Array | undefined {
    const got = rawReceive(fd, this.#buffer);
    return got && this.#buffer.subarray(0, got.length);
  }

  /** Only answers to our questions count. @param link undefined: the one that it was asked on */
  #tell(
    answer: { readonly address: Uint8Array; readonly mac: Uint8Array } | undefined,
    link: string | undefined,
  ): void {
    if (!answer) return;
    const address = addressText(answer.address);
    const mac = macText(answer.mac);
    for (const question of this.#questions) {
      const isAsked = question.address === address && (link === undefined || question.link === link);
      if (isAsked && macText(question.mac) !== mac) this.#told(address, question.link, mac);
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#sockets.values()) closeFd(fd);
    if (this.#advertisements !== undefined) closeFd(this.#advertisements);
  }
}
