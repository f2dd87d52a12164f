/**
 * What one zone's nodes tell each other, as a stream in Redis: each leaves there what has changed with it, all read what the others have
 * left, and a node that was away, or begins, reads on from where it was. Messages stay as long as they matter, and no more of them than
 * twice the zone's memory; so the stream is the snapshot, too.
 *
 * ```
 * XADD {prefix}:sessions:NAME * m SEALED        sealed: stamp by the clock of Redis, 8 bytes │ snapshot, 1 │ entries as among peers
 * ```
 */

import { listOf, RedisError, type Reply, textOf, type Word } from '#kit/resp.ts';
import type { Trouble } from '../figures.ts';
import { BodyReader, FrameFault, type FrameWriter } from '../frame.ts';
import type { ZoneShare } from '../zone-share.ts';
import { LogSize } from './log-size.ts';
import type { Sealer } from './seal.ts';

/** A log that nobody writes to is gone a little after its last message. */
const EXPIRY_SLACK_MS = 60_000;
/** After a change of servers the log is read again from so much earlier: the new one may lag behind. */
const REREAD_MS = 10_000;
/** Of what was written last so much is remembered, to see whether it is still there. */
const MOST_WRITTEN = 32;
/** Nodes come and go: those that wrote last are remembered. */
const MOST_NODES = 256;
/** Pieces of a zone that are told anew in one turn, and pieces that are looked at for it. */
const PIECES_PER_TURN = 2;
const LOOKS_PER_TURN = 16;
const FIELD = 'm';
const STAMP_BYTES = 9;

export interface Command {
  readonly words: readonly Word[];
  /** @throws {Error} when the connection is of no use any more */
  readonly take: (reply: Reply) => void;
}

export interface LogMeans {
  readonly sealer: Sealer;
  readonly writer: FrameWriter;
  /** Our own time, by which entries are touched; and that of Redis. */
  readonly nowMs: () => number;
  readonly redisMs: () => number;
  readonly sent: (entries: number) => void;
  readonly received: (entries: number) => void;
  /** Redis did not take a message. */
  readonly refused: (error: RedisError) => void;
  readonly trouble: (what: Trouble, detail: string) => void;
}

interface Written {
  readonly id: string;
  readonly sinceMs: number;
}

export class ZoneLog {
  readonly key: string;
  #share: ZoneShare;
  readonly #means: LogMeans;
  readonly #size: LogSize;
  /** The last message that was read; undefined: none. */
  #cursor: string | undefined;
  /** The last message whose bytes are counted: some are read twice. */
  #counted: string | undefined;
  /** Node → number of its last message. */
  readonly #last = new Map<string, number>();
  #written: Written[] = [];
  /** What was told since may be lost, and is told anew from this entry on. */
  #again: { from: number; readonly sinceMs: number } | undefined;
  #inFlightMs = Number.POSITIVE_INFINITY;

  constructor(prefix: string, share: ZoneShare, means: LogMeans) {
    this.key = `${prefix}${share.kind}:${share.name}`;
    this.#share = share;
    this.#means = means;
    this.#size = new LogSize(share.keepMs, 2 * share.memory.byteLength);
    if (share.size > 0) this.#tellAgain(0);
  }

  get share(): ZoneShare {
    return this.#share;
  }

  /** The same memory as a new configuration sees it. */
  adopt(share: ZoneShare): void {
    this.#share = share;
  }

  /** Whether something waits to be told anew. */
  get isBehind(): boolean {
    return this.#again !== undefined;
  }

  /** Those that something came from. */
  get nodes(): readonly string[] {
    return [...this.#last.keys()];
  }

  /** Where to read on. */
  get cursor(): string {
    this.#cursor ??= this.#beginning();
    return this.#cursor;
  }

  /** What has changed, or must be told anew. */
  write(): Command[] {
    const { writer, nowMs } = this.#means;
    const now = nowMs();
    const commands: Command[] = [];
    const count = this.#share.collect(writer, now);
    if (count > 0) commands.push(...this.#message(writer.take(), count, false, now));
    for (
      let looks = 0;
      looks < LOOKS_PER_TURN && commands.length < 2 * PIECES_PER_TURN && this.#again;
      looks++
    ) {
      const { from, sinceMs } = this.#again;
      const next = this.#share.dump(from, writer, now, sinceMs);
      if (next === from && from > 0) break; // the workers have the zone
      this.#again = next === undefined ? undefined : { from: next, sinceMs };
      const entries = writer.take();
      if (entries.length > 0) commands.push(...this.#message(entries, 0, true, Math.min(now, sinceMs)));
    }
    return commands;
  }

  #message(entries: Buffer, count: number, isSnapshot: boolean, sinceMs: number): Command[] {
    const { sealer, redisMs, sent, refused } = this.#means;
    const { keepMs } = this.#share;
    const stamp = Buffer.alloc(STAMP_BYTES);
    stamp.writeDoubleBE(redisMs());
    stamp[8] = isSnapshot ? 1 : 0;
    const sealed = sealer.seal(this.key, Buffer.concat([stamp, entries]));
    const floor = Math.max(0, Math.floor(redisMs() - keepMs), this.#size.floorMs());
    this.#inFlightMs = Math.min(this.#inFlightMs, sinceMs);
    const take = (reply: Reply) => {
      const id = textOf(reply);
      if (reply instanceof RedisError || id === undefined) {
        this.#tellAgain(sinceMs);
        refused(reply instanceof RedisError ? reply : new RedisError('no message number'));
      } else {
        sent(count);
        this.#written = [...this.#written, { id, sinceMs }].slice(-MOST_WRITTEN);
      }
    };
    return [
      { words: ['XADD', this.key, 'MINID', '~', floor, '*', FIELD, sealed], take },
      { words: ['PEXPIRE', this.key, Math.ceil(keepMs + EXPIRY_SLACK_MS)], take: () => {} },
    ];
  }

  /** All that was asked is answered. */
  settled(): void {
    this.#inFlightMs = Number.POSITIVE_INFINITY;
  }

  /** The connection is gone: nobody knows what of the last turn has arrived. */
  broken(): void {
    if (this.#inFlightMs !== Number.POSITIVE_INFINITY) this.#tellAgain(this.#inFlightMs);
    this.settled();
  }

  #tellAgain(sinceMs: number): void {
    this.#again = { from: 0, sinceMs: Math.min(sinceMs, this.#again?.sinceMs ?? sinceMs) };
  }

  /** Asks whether what was written is still there: a master that took over may have never had it, and a restart may lose all. */
  check(isNewConnection: boolean): Command[] {
    const floor = this.#means.redisMs() - this.#share.keepMs;
    this.#written = this.#written.filter(({ id }) => timeOf(id) > Math.max(floor, this.#size.floorMs()));
    const asked = this.#written;
    let kept: Written | undefined;
    const commands: Command[] = asked.map(written => ({
      words: ['XRANGE', this.key, written.id, written.id],
      take: reply => {
        if (listOf(reply).length > 0) kept = written;
      },
    }));
    commands.push({
      words: ['XREVRANGE', this.key, '+', '-', 'COUNT', 1],
      take: reply => {
        const last = textOf(listOf(listOf(reply)[0])[0]);
        if (asked.length > 0 && kept !== asked.at(-1)) this.#lose(kept);
        else if (isNewConnection && last === undefined && this.#share.size > 0) this.#tellAgain(0);
        if (isNewConnection) this.#goBack(last);
      },
    });
    return commands;
  }

  #lose(kept: Written | undefined): void {
    this.#tellAgain(kept?.sinceMs ?? 0);
    this.#written = kept ? [kept] : [];
  }

  /** @param last message that the server has */
  #goBack(last: string | undefined): void {
    if (this.#cursor === undefined) return;
    const backMs = Math.min(timeOf(this.#cursor), last === undefined ? 0 : timeOf(last)) - REREAD_MS;
    this.#cursor = `${Math.max(0, backMs)}-0`;
  }

  /** Takes in what the others have left. @param messages as XREAD gives them @returns whether all of them could be taken */
  read(messages: readonly Reply[]): boolean {
    for (const message of messages) {
      const [idReply, fields] = listOf(message);
      const id = textOf(idReply);
      const sealed = listOf(fields)[1];
      if (id === undefined) continue;
      if (sealed instanceof Buffer && !this.#open(sealed)) return false;
      if (sealed instanceof Buffer) this.#count(id, sealed.length);
      this.#cursor = id;
    }
    return true;
  }

  #count(id: string, bytes: number): void {
    if (!isAfter(id, this.#counted)) return;
    this.#counted = id;
    this.#size.add(timeOf(id), bytes);
  }

  /** @returns false: the workers have the zone, it must come once more */
  #open(sealed: Buffer): boolean {
    const { sealer, trouble } = this.#means;
    const opened = sealer.open(this.key, sealed);
    if (!opened) {
      trouble('key', `a message in ${this.key} was not sealed with our key`);
      return true;
    }
    const { node, number, plain } = opened;
    if (node === sealer.node || number <= (this.#last.get(node) ?? 0)) return true; // read before, or our own
    try {
      if (!this.#apply(new BodyReader(plain))) return false;
    } catch (fault) {
      if (!(fault instanceof FrameFault)) throw fault;
      trouble('rubbish', `a message in ${this.key}: ${fault.message}`);
    }
    this.#last.delete(node);
    if (this.#last.size === MOST_NODES) this.#last.delete(this.#last.keys().next().value!);
    this.#last.set(node, number);
    return true;
  }

  /** @throws {FrameFault} */
  #apply(reader: BodyReader): boolean {
    const { nowMs, redisMs, received } = this.#means;
    const agoMs = Math.max(0, redisMs() - reader.f64());
    const isSnapshot = reader.u8() === 1;
    if (agoMs > this.#share.keepMs) return true;
    const count = this.#share.apply(reader, isSnapshot, nowMs(), agoMs);
    if (count !== undefined) received(count);
    return count !== undefined;
  }

  /** What is added must not be added twice: memory that outlived the last store has it already. */
  #beginning(): string {
    const { adds, size, keepMs } = this.#share;
    return `${Math.max(0, Math.floor(this.#means.redisMs() - (adds && size > 0 ? 0 : keepMs)))}-0`;
  }
}

const timeOf = (id: string): number => Number(id.slice(0, id.indexOf('-')));

function isAfter(id: string, other: string | undefined): boolean {
  if (other === undefined) return true;
  const order = timeOf(id) - timeOf(other);
  return (
    order > 0 ||
    (order === 0 && Number(id.slice(id.indexOf('-') + 1)) > Number(other.slice(other.indexOf('-') + 1)))
  );
}
