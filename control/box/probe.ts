/** Pings addresses all the time, a process in the client's namespace: by the packets that are answered it is told when one was silent. */

import { randomInt } from 'node:crypto';
import { monotonicMs } from '#kit/monotonic.ts';
import { echoReply, echoRequest, KINDS } from '#native/echo.ts';
import { rawReceive, rawSend, rawSocket } from '#native/raw.ts';
import type { ProbeOrder, ProbeReport, Silence } from './silence.ts';

const REPORT_MS = 100;
const BUFFER_BYTES = 2048;
const SEQUENCES = 0x10000;
const KEPT_SILENCES = 200;
/** One packet that is lost is no silence. */
const LEAST_LOST = 2;
/** An answer that is under way for so long is not awaited any more. */
const AWAITED_MS = 250;

const order: ProbeOrder = JSON.parse(process.argv[2] ?? '');
let silences: Silence[] = [];
let sent = 0;
const beganMs = monotonicMs();

/** The pings of one address. */
class Line {
  readonly #address: string;
  readonly #family: 4 | 6;
  readonly #fd: number;
  readonly #id = randomInt(SEQUENCES);
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  /** By sequence number. */
  readonly #sentMs = new Float64Array(SEQUENCES);
  /** Of the last ping. */
  #number = 0;
  #answered: { readonly number: number; readonly sentMs: number } | undefined;

  constructor(address: string) {
    this.#address = address;
    this.#family = address.includes(':') ? 6 : 4;
    const { protocol, reply } = KINDS[this.#family];
    this.#fd = rawSocket({ family: this.#family, protocol, icmpType: reply });
  }

  tick(): void {
    this.#hear();
    const sequence = ++this.#number % SEQUENCES;
    this.#sentMs[sequence] = monotonicMs();
    sent++;
    try {
      rawSend(this.#fd, this.#address, this.#family, echoRequest(this.#family, { id: this.#id, sequence }));
    } catch (fault) {
      // Nobody answers ARP for it, or a queue is full: that one is lost.
      const { code = '' } = fault as NodeJS.ErrnoException;
      if (!['EHOSTUNREACH', 'ENETUNREACH', 'EAGAIN', 'ENOBUFS'].includes(code)) throw fault;
    }
  }

  #hear(): void {
    for (let got = rawReceive(this.#fd, this.#buffer); got; got = rawReceive(this.#fd, this.#buffer)) {
      const echo = echoReply(this.#family, this.#buffer.subarray(0, got.length));
      if (echo?.id === this.#id) this.#heard(echo.sequence);
    }
  }

  #heard(sequence: number): void {
    // The last ping that had this sequence number.
    const number = this.#number - ((this.#number - sequence) % SEQUENCES);
    const before = this.#answered;
    if (before && number <= before.number) return; // a later one has overtaken it
    const sentMs = this.#sentMs[sequence]!;
    this.#answered = { number, sentMs };
    const lost = before ? number - before.number - 1 : 0;
    if (before && lost >= LEAST_LOST)
      silences = [...silences, this.#silence(before.sentMs, sentMs, lost)].slice(-KEPT_SILENCES);
  }

  #silence(fromMs: number, untilMs: number, lost: number): Silence {
    return { address: this.#address, fromMs, untilMs, lost };
  }

  /** The silence that goes on; undefined: it answers. */
  get silent(): Silence | undefined {
    this.#hear();
    const nowMs = monotonicMs();
    const { number, sentMs } = this.#answered ?? { number: 0, sentMs: beganMs };
    const lost = this.#number - number;
    const isSilent = lost > LEAST_LOST && nowMs - sentMs > AWAITED_MS;
    return isSilent ? this.#silence(sentMs, nowMs, lost) : undefined;
  }
}

function report(): ProbeReport {
  const now = lines.flatMap(({ silent }) => (silent ? [silent] : []));
  return {
    atMs: monotonicMs(),
    sent,
    silences: [...silences, ...now],
    silent: now.map(({ address }) => address),
  };
}

process.on('disconnect', () => process.exit(0));
const lines = order.addresses.map(address => new Line(address));
setInterval(() => {
  for (const line of lines) line.tick();
}, order.everyMs);
setInterval(() => process.send?.(report()), REPORT_MS);
