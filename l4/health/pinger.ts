/** Sends ICMP echo requests to many at once, over one raw socket for each own address. */
import { randomInt } from 'node:crypto';
import { type Echo, echoReply, echoRequest, KINDS } from '#native/echo.ts';
import { rawReceive, rawSend, rawSocket } from '#native/raw.ts';
import { closeFd } from '#native/socket.ts';

/** How often replies are looked for while any are awaited. */
const LOOK_MS = 5;
const BUFFER_BYTES = 2048;

interface Way {
  readonly fd: number;
  readonly family: 4 | 6;
}

export class Pinger implements Disposable {
  readonly #ways = new Map<string, Way>();
  readonly #awaited = new Map<string, () => void>();
  readonly #id = randomInt(0x10000);
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when the reply is there. @throws {Error} with the reason, or that of the signal */
  async ask(address: string, from: string | undefined, signal: AbortSignal): Promise<void> {
    const { fd, family } = this.#way(address.includes(':') ? 6 : 4, from);
    const echo = { id: this.#id, sequence: (this.#sequence = (this.#sequence + 1) & 0xffff) };
    const key = keyOf(address, echo);
    const replied = Promise.withResolvers<void>();
    const give = () => replied.reject(signal.reason);
    signal.addEventListener('abort', give, { once: true });
    this.#awaited.set(key, replied.resolve);
    try {
      rawSend(fd, address, family, echoRequest(family, echo));
      this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
      await replied.promise;
    } finally {
      signal.removeEventListener('abort', give);
      this.#awaited.delete(key);
      if (this.#awaited.size === 0) this.#rest();
    }
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #way(family: 4 | 6, from: string | undefined): Way {
    const key = `${family} ${from ?? ''}`;
    const known = this.#ways.get(key);
    if (known) return known;
    const { protocol, reply } = KINDS[family];
    const way = { fd: rawSocket({ family, protocol, icmpType: reply, localAddress: from }), family };
    this.#ways.set(key, way);
    return way;
  }

  #look(): void {
    for (const { fd, family } of this.#ways.values())
      for (let got = rawReceive(fd, this.#buffer); got; got = rawReceive(fd, this.#buffer)) {
        const echo = echoReply(family, this.#buffer.subarray(0, got.length));
        if (echo) this.#awaited.get(keyOf(got.address, echo))?.();
      }
  }

  [Symbol.dispose](): void {
    this.#rest();
    for (const { fd } of this.#ways.values()) closeFd(fd);
    this.#ways.clear();
  }
}

const keyOf = (address: string, { id, sequence }: Echo) => `${address} ${id} ${sequence}`;
