/**
 * A meeting of two directors: who it is that speaks, what has come, what is missing. No socket, timer or map is in here.
 *
 * Each side draws a token, `next`, that no recorded packet can name. Whoever names it has heard it just now: a meeting begins, its
 * numbers begin anew, and the tokens of the meeting before are void.
 *
 * ```
 *  packet                                │ done
 * ───────────────────────────────────────┼───────────────────────────────────────────────────────────────
 *  from and to of this meeting           │ heeded
 *  to = next                             │ a meeting begins with `from`; heeded; answered with a hello
 *  hello, of and to anybody else         │ of whom was met it is nothing; when that one is silent, it is answered with
 *                                        │ a hello from `next`, seldom; nothing of it is believed
 *  anything else                         │ refused as stale
 * ```
 */
import { randomBytes } from 'node:crypto';
import { type Kind, NOBODY, type Packet } from './packet.ts';
import { type Range, Window } from './window.ts';

/** How often one says that one is there. */
const HELLO_MS = 100;
/** After so long without a word the other one is gone. */
const SILENCE_MS = 1500;
/** What is missing is asked for when it is missing for so long, and again. */
const REPAIR_MS = 20;
const REPAIR_RANGES = 32;
/** Strangers to the meeting are answered so often, and only when the one who was met is silent for so long. */
const ANSWER_MS = 20;
const STRANGER_MS = 300;
/** Kept, to be sent once more. */
const HISTORY = 4096;
/** Sent and not confirmed: more has to wait. */
const UNCONFIRMED_MOST = 1024;
/** A side that gets much confirms so often. */
const CONFIRM_EVERY = 64;
/** Of one question for what is missing, and of any number of them within one REPAIR_MS. */
const RESENT_MOST = 512;
const HELLO_BYTES = 18;
const WANTS = 1;

export interface SessionOptions {
  readonly nowMs: () => number;
  /** Over every path. */
  readonly send: (packet: Packet) => void;
  /** Records have come. */
  readonly take: (body: Uint8Array) => void;
  /** The other one wants all that this one has. */
  readonly wanted: () => void;
  /** A meeting has begun. */
  readonly met?: () => void;
  readonly token?: () => string;
}

export type Refusal = 'stale' | 'replayed' | 'malformed';

export interface SessionFigures {
  readonly meetings: number;
  readonly packetsSent: number;
  readonly packetsResent: number;
  readonly packetsReceived: number;
  /** The same one by another path. */
  readonly copies: number;
  /** Stretches that were asked for, and packets that could not be had any more. */
  readonly repairsAsked: number;
  readonly lost: number;
  readonly missing: number;
  readonly unconfirmed: number;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #draw: () => string;
  #token: string;
  #next: string;
  #peer: string | undefined;
  #heardMs = -Infinity;
  #answeredMs = -Infinity;
  #helloMs = -Infinity;
  #askedMs = -Infinity;
  #gapMs: number | undefined;
  #sent = 0;
  #confirmed = 0;
  #sinceConfirm = 0;
  #hellos = 0;
  #heardHello = 0;
  readonly #hellosBy = new Map<number, number>();
  #resentMs = -Infinity;
  #resentNow = 0;
  #window = new Window();
  readonly #history = new Map<number, Uint8Array>();
  /** By paths: what has come there, to tell a copy from a packet that somebody repeats. */
  readonly #paths = new Map<number, Set<number>>();
  /** The snapshot that is wanted, by its number; and the last of the other's wishes that was granted. */
  #wish = 1;
  #granted = 0;
  /** The last of our wishes whose snapshot has come to its end. */
  #walkedWish = 0;
  #counts = {
    meetings: 0,
    packetsSent: 0,
    packetsResent: 0,
    packetsReceived: 0,
    copies: 0,
    repairsAsked: 0,
    lost: 0,
  };

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#draw = options.token ?? (() => randomBytes(8).toString('hex'));
    this.#token = this.#draw();
    this.#next = this.#draw();
  }

  /** The other one is there. */
  get isMet(): boolean {
    return this.#peer !== undefined && this.#options.nowMs() - this.#heardMs < SILENCE_MS;
  }

  /** All that the other one knew when they met, and all since then, is here. */
  get isInStep(): boolean {
    return this.isWalked && this.#window.isComplete;
  }

  /** The snapshot that was wanted has come, except for what `figures().missing` counts. */
  get isWalked(): boolean {
    return this.isMet && this.#walkedWish === this.#wish;
  }

  /** Whether one more may be sent now. */
  get hasRoom(): boolean {
    return this.isMet && this.#sent - this.#confirmed < UNCONFIRMED_MOST;
  }

  figures(): SessionFigures {
    return { ...this.#counts, missing: this.#window.missing, unconfirmed: this.#sent - this.#confirmed };
  }

  /** A packet whose seal is good. @param path by which it came */
  receive(packet: Packet, path: number): Refusal | undefined {
    if (packet.to === this.#next && packet.from !== NOBODY) this.#meet(packet.from);
    else if (packet.to !== this.#token || packet.from !== this.#peer) return this.#answerStranger(packet);
    switch (packet.kind) {
      case 'hello':
        return this.#hearHello(packet, path);
      case 'data':
        return this.#hearData(packet, path);
      case 'repair':
        return this.#repair(packet.body);
      case 'gone':
        return this.#giveUp(packet.body);
    }
  }

  #meet(peer: string): void {
    this.#token = this.#next;
    this.#next = this.#draw();
    this.#peer = peer;
    this.#counts.meetings++;
    this.#window = new Window();
    this.#history.clear();
    this.#paths.clear();
    this.#hellosBy.clear();
    this.#sent = this.#confirmed = this.#granted = this.#heardHello = 0;
    this.#gapMs = undefined;
    this.#heardMs = this.#options.nowMs();
    this.#wish++;
    this.#options.met?.();
    this.#hello();
  }

  #answerStranger({ kind, from, to }: Packet): Refusal | undefined {
    if (kind !== 'hello' || from === NOBODY) return 'stale';
    if (from === this.#peer) return undefined; // on its way since before it met this one
    const nowMs = this.#options.nowMs();
    const isBusy = nowMs - this.#heardMs < STRANGER_MS;
    if (isBusy || nowMs - this.#answeredMs < ANSWER_MS) return to === NOBODY ? undefined : 'stale';
    this.#answeredMs = nowMs;
    this.#say('hello', 0, this.#helloBody(false), { from: this.#next, to: from });
    return undefined;
  }

  #say(kind: Kind, sequence: number, body: Uint8Array, way?: { from: string; to: string }): void {
    const { from, to } = way ?? { from: this.#token, to: this.#peer ?? NOBODY };
    this.#options.send({ kind, from, to, sequence, body });
  }

  #helloBody(confirms: boolean): Uint8Array {
    const body = new Uint8Array(HELLO_BYTES);
    const view = new DataView(body.buffer);
    view.setUint8(0, this.#peer !== undefined && this.#walkedWish !== this.#wish ? WANTS : 0);
    view.setUint32(2, this.#wish);
    view.setBigUint64(6, BigInt(confirms ? this.#window.whole : 0));
    view.setUint32(14, ++this.#hellos);
    return body;
  }

  #hello(): void {
    this.#helloMs = this.#options.nowMs();
    this.#sinceConfirm = 0;
    const way = this.#peer === undefined ? { from: this.#next, to: NOBODY } : undefined;
    this.#say('hello', this.#sent, this.#helloBody(true), way);
  }

  #hearHello({ body, sequence }: Packet, path: number): Refusal | undefined {
    if (body.length !== HELLO_BYTES) return 'malformed';
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const number = view.getUint32(14);
    if (number <= (this.#hellosBy.get(path) ?? 0)) return 'replayed';
    this.#hellosBy.set(path, number);
    if (number <= this.#heardHello) return undefined; // another path was faster
    this.#heardHello = number;
    this.#heardMs = this.#options.nowMs();
    const confirmed = Number(view.getBigUint64(6));
    if (confirmed > this.#sent) return 'malformed';
    for (let at = this.#confirmed + 1; at <= confirmed; at++) this.#history.delete(at);
    this.#confirmed = Math.max(this.#confirmed, confirmed);
    if (this.#window.announced(sequence)) this.#miss();
    const wish = view.getUint32(2);
    if (view.getUint8(0) & WANTS && wish > this.#granted) {
      this.#granted = wish;
      this.#options.wanted();
    }
    return undefined;
  }

  #hearData({ sequence, body }: Packet, path: number): Refusal | undefined {
    if (sequence === 0) return 'malformed';
    const isAgain = this.#cameBy(path, sequence);
    const found = this.#window.take(sequence);
    if (found === 'repeated') {
      if (isAgain) return 'replayed';
      this.#counts.copies++;
      return undefined;
    }
    if (found === 'lost') this.#miss();
    this.#counts.packetsReceived++;
    this.#heardMs = this.#options.nowMs();
    this.#options.take(body);
    if (++this.#sinceConfirm >= CONFIRM_EVERY) this.#hello();
    return undefined;
  }

  /** Whether it has come by this path before, as far as that is remembered. */
  #cameBy(path: number, sequence: number): boolean {
    let came = this.#paths.get(path);
    if (!came) this.#paths.set(path, (came = new Set()));
    if (came.has(sequence)) return true;
    came.add(sequence);
    if (came.size > HISTORY) came.delete(came.values().next().value!);
    return sequence + HISTORY < this.#window.whole;
  }

  /** What was lost is in a new snapshot. */
  #miss(): void {
    this.#counts.lost++;
    this.#wish++;
  }

  /** The end of a snapshot stood among the records: what came before it is whole when nothing is missing. @param wish as granted */
  walked(wish: number): void {
    if (wish === this.#wish) this.#walkedWish = wish;
  }

  /** The number that the end of the snapshot has to carry. */
  get granted(): number {
    return this.#granted;
  }

  #repair(body: Uint8Array): Refusal | undefined {
    const ranges = readRanges(body);
    if (!ranges) return 'malformed';
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#resentMs >= REPAIR_MS) {
      this.#resentMs = nowMs;
      this.#resentNow = 0;
    }
    for (const [first, last] of ranges) {
      if (last > this.#sent) return 'malformed';
      this.#resend(first, last);
    }
    return undefined;
  }

  #resend(first: number, last: number): void {
    for (let at = first; at <= last && this.#resentNow < RESENT_MOST; at++) {
      const body = this.#history.get(at);
      if (!body) {
        // Older ones are gone as well.
        if (at > this.#confirmed) this.#say('gone', 0, rangesBody([[at, at]]));
        continue;
      }
      this.#resentNow++;
      this.#counts.packetsResent++;
      this.#say('data', at, body);
    }
  }

  #giveUp(body: Uint8Array): Refusal | undefined {
    const [range] = readRanges(body) ?? [];
    if (!range) return 'malformed';
    if (this.#window.giveUp(range[1])) this.#miss();
    return undefined;
  }

  /** Sends records; ask `hasRoom` before. @param body is kept */
  sendData(body: Uint8Array): void {
    const sequence = ++this.#sent;
    this.#history.set(sequence, body);
    if (this.#history.size > HISTORY) this.#history.delete(sequence - HISTORY);
    this.#counts.packetsSent++;
    this.#say('data', sequence, body);
  }

  /** To be called every few ms. */
  tick(): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#helloMs >= HELLO_MS) this.#hello();
    if (!this.isMet) return;
    if (this.#window.isComplete) this.#gapMs = undefined;
    else this.#gapMs ??= nowMs;
    if (this.#gapMs === undefined || nowMs - this.#gapMs < REPAIR_MS || nowMs - this.#askedMs < REPAIR_MS)
      return;
    this.#askedMs = nowMs;
    const gaps = this.#window.gaps(REPAIR_RANGES);
    this.#counts.repairsAsked += gaps.length;
    this.#say('repair', 0, rangesBody(gaps));
  }
}

function rangesBody(ranges: readonly Range[]): Uint8Array {
  const numbers = new BigUint64Array(ranges.length * 2);
  ranges.flat().forEach((value, at) => {
    numbers[at] = BigInt(value);
  });
  return new Uint8Array(numbers.buffer);
}

/** Numbers are little-endian here, as the machines are that BPF objects are built for. */
function readRanges(body: Uint8Array): Range[] | undefined {
  if (body.length === 0 || body.length % 16 !== 0 || body.length > 16 * REPAIR_RANGES) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const ranges: Range[] = [];
  for (let at = 0; at < body.length; at += 16) {
    const first = Number(view.getBigUint64(at, true));
    const last = Number(view.getBigUint64(at + 8, true));
    if (first < 1 || last < first || last > Number.MAX_SAFE_INTEGER) return undefined;
    ranges.push([first, last]);
  }
  return ranges;
}
