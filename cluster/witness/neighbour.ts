/** Whether a neighbour answers: asked by ARP, and over IPv6 by neighbour solicitation, so that it needs no open port and no leave to ping. */
import { writeSync } from 'node:fs';
import { addressBytes, isLinkLocal, isWithin, sameAddress } from '#kit/address-bytes.ts';
import {
  arpRequest,
  readArpReply,
  readNeighbourAdvertisement,
  solicitation,
} from '#native/neighbour-packets.ts';
import { type Link, type LocalAddress, listAddresses, listLinks } from '#native/netlink.ts';
import { packetSocket, rawReceive, rawSocket } from '#native/raw.ts';
import { defaultRoutes } from '#native/routes.ts';
import { closeFd } from '#native/socket.ts';
import { watchFd } from '#native/watch.ts';

const ARP = 0x0806;
const IPV6 = 0x86dd;
const ICMPV6 = 58;
const ADVERTISEMENT = 136;
/** A packet may be lost. */
const AGAIN_MS = 200;
const BUFFER_BYTES = 2048;

export interface Neighbour {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** Index of the interface that it is behind. */
  readonly index: number;
}

/** Where an address is a neighbour, by the networks that this host has addresses of; none: it is behind a router. */
export function neighboursAt(address: string): Neighbour[] {
  const target = addressBytes(address);
  const near = listAddresses().filter(({ address: own, prefixBits }) =>
    isWithin(target, { address: own, prefixBits }),
  );
  return [...new Set(near.map(({ index }) => index))].map(index => ({ address: target, index }));
}

/** Those that packets to everywhere else go by, of both families. */
export const gateways = (): Neighbour[] =>
  ([4, 6] as const)
    .flatMap(family => defaultRoutes(family))
    .flatMap(({ hops }) =>
      hops.flatMap(({ gateway, index }) => (gateway ? [{ address: gateway, index }] : [])),
    );

/** @returns whether it has answered in that time @throws code EPERM without CAP_NET_RAW, ENETDOWN and its like */
export async function neighbourAnswers({ address, index }: Neighbour, patienceMs: number): Promise<boolean> {
  const link = listLinks().find(one => one.index === index);
  if (!link) return false;
  using question = address.length === 4 ? arpQuestion(address, link) : solicitationOf(address, link);
  return await question.answered(patienceMs); // the sockets are open until then
}

/** Own addresses that may be asked from: others that come and go with the right to them are secondary ones, or no network's. */
const ownOf = (width: number, link: Link): LocalAddress[] =>
  listAddresses().filter(
    ({ index, address, secondary, tentative }) =>
      index === link.index && address.length === width && !secondary && !tentative,
  );

function arpQuestion(target: Uint8Array, link: Link): Question {
  const from = ownOf(4, link)[0]?.address ?? new Uint8Array(4);
  const fd = packetSocket(link.name, ARP);
  return new Question({ ask: fd, answers: fd }, arpRequest(link.mac, from, target), frame => {
    const reply = readArpReply(frame);
    return reply !== undefined && sameAddress(reply.address, target) && !sameAddress(reply.mac, link.mac);
  });
}

function solicitationOf(target: Uint8Array, link: Link): Question {
  const own = ownOf(16, link).map(({ address }) => address);
  const from = own.find(isLinkLocal) ?? own[0] ?? new Uint8Array(16);
  const ask = packetSocket(link.name, IPV6);
  const answers = rawSocket({ family: 6, protocol: ICMPV6, icmpType: ADVERTISEMENT });
  return new Question({ ask, answers }, solicitation(link.mac, from, target), message => {
    const told = readNeighbourAdvertisement(message);
    return told !== undefined && sameAddress(told.address, target) && !sameAddress(told.mac, link.mac);
  });
}

interface Sockets {
  readonly ask: number;
  readonly answers: number;
}

class Question implements Disposable {
  readonly #sockets: Sockets;
  readonly #frame: Uint8Array;
  readonly #isAnswer: (bytes: Uint8Array) => boolean;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  readonly #answered = Promise.withResolvers<boolean>();
  readonly #unwatch: () => void;

  constructor(sockets: Sockets, frame: Uint8Array, isAnswer: (bytes: Uint8Array) => boolean) {
    this.#sockets = sockets;
    this.#frame = frame;
    this.#isAnswer = isAnswer;
    this.#unwatch = watchFd(sockets.answers, () => this.#hear());
  }

  async answered(patienceMs: number): Promise<boolean> {
    const again = setInterval(() => this.#ask(), AGAIN_MS);
    const late = setTimeout(() => this.#answered.resolve(false), patienceMs);
    this.#ask();
    try {
      return await this.#answered.promise;
    } finally {
      clearInterval(again);
      clearTimeout(late);
    }
  }

  /** A link that is down, or a queue that is full, is no answer. */
  #ask(): void {
    try {
      writeSync(this.#sockets.ask, this.#frame);
    } catch (fault) {
      if (!/^(ENETDOWN|ENOBUFS|EAGAIN|ENXIO)$/.test((fault as NodeJS.ErrnoException).code ?? ''))
        this.#answered.reject(fault as Error);
    }
  }

  #hear(): void {
    try {
      for (let got = this.#take(); got; got = this.#take())
        if (this.#isAnswer(got)) this.#answered.resolve(true);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENETDOWN') this.#answered.reject(fault as Error);
    }
  }

  #take(): Uint8Array | undefined {
    const got = rawReceive(this.#sockets.answers, this.#buffer);
    return got && this.#buffer.subarray(0, got.length);
  }

  [Symbol.dispose](): void {
    this.#unwatch();
    for (const fd of new Set([this.#sockets.ask, this.#sockets.answers])) closeFd(fd);
  }
}
