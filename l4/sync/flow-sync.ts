/** Keeps the flows of two directors alike: what the programs tell goes out, what the other one tells goes into the table. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { FLOW_SHARDS, IMPORTS_MOST, MODE, STATES } from '../layout.ts';
import type { PeerReals } from '../peer-reals.ts';
import { Directory } from './directory.ts';
import { FlowKernel, type Imported } from './kernel.ts';
import { keyText, NEWS_BYTES, newsOf, recordOf, walkedShard } from './news.ts';
import { BODY_MOST, seal, type Unsealed, unseal } from './packet.ts';
import { type FlowRecord, OP, type RealReport, RecordFault, RecordWriter, readRecords } from './record.ts';
import { OwnReports, PeerReports } from './reports.ts';
import { type Refusal, Session, type SessionFigures } from './session.ts';

export type RefusalReason = Unsealed | Refusal | 'stranger';
const KNOWN = { states: STATES.length, modes: Object.keys(MODE).length };

/** News of so many flows wait at most; then they are forgotten, and the other one gets a snapshot. */
const WAITING_MOST = 200_000;
/** A snapshot goes on while fewer wait. */
const WALK_BELOW = 20_000;
/** News of one flow within this time are one record. */
const BATCH_MS = 2;
const TICK_MS = 10;
/** All flows that are in use are told of anew within this time: so that those of long connections do not end at the other one. */
const ROUND_MS = 30_000;
/** Shards that a round without pause takes at a tick. */
const HASTY_SHARDS = 8;
/** It rests for so many times what it took. */
const HASTE_PAUSE = 20;

export interface FlowSyncOptions {
  readonly folder: string;
  readonly key: string;
  /** Sends over every path. */
  readonly send: (datagram: Buffer) => void;
  /** The other director has told something new of real servers. */
  readonly told: (reals: PeerReals) => void;
  readonly nowMs: () => number;
  /** Ids of real servers that pass their checks. */
  readonly alive: ReadonlySet<number>;
}

export interface FlowSyncFigures extends SessionFigures {
  readonly flowsSent: number;
  readonly flowsReceived: number;
  readonly flowsWaiting: number;
  /** What became of those that were received. */
  readonly imported: Readonly<Record<Imported, number>>;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  /** Packets of another version of this protocol; the version, when there was one. */
  readonly otherVersion: number | undefined;
  /** From news to packet, of the last second, in ms. */
  readonly lagMs: number;
}

interface Walk {
  shard: number;
  readonly wish: number;
  /** The program has been through this shard, and its end has not come out of the ring yet. */
  pending: boolean;
}

export class FlowSync implements Disposable {
  readonly session: Session;
  readonly #options: FlowSyncOptions;
  readonly #key: KeyObject;
  readonly #kernel: FlowKernel;
  #directory: Directory;
  /** The newest of each flow, in the order in which they began to wait. */
  readonly #waiting = new Map<string, Uint8Array>();
  #oldestMs: number | undefined;
  #walk: Walk | undefined;
  #round = { shard: 0, sinceNs: new BigUint64Array(FLOW_SHARDS), nextMs: 0 };
  /** A round without pause: shards left of it, and when the next one may begin. */
  #haste = { wanted: false, shards: 0, tookMs: 0, notBeforeMs: 0 };
  #batch: NodeJS.Timeout | undefined;
  readonly #tick: NodeJS.Timeout;
  readonly #room = new Uint8Array(BODY_MOST);
  readonly #writer = new RecordWriter(this.#room);
  readonly #imports = new Uint8Array(IMPORTS_MOST * NEWS_BYTES);
  #lookedMs = -Infinity;
  #alive: ReadonlySet<number>;
  readonly #reports = new OwnReports();
  readonly #peer = new PeerReports();
  #hasNewReports = false;
  /** The other one was there at the last tick, or has come since. */
  #wasMet = false;
  #lag = { sinceMs: 0, mostMs: 0, lastMs: 0 };
  #flowsSent = 0;
  #flowsReceived = 0;
  readonly #imported: Record<Imported, number> = {
    new: 0,
    updated: 0,
    ended: 0,
    own: 0,
    unknown: 0,
    taken: 0,
    full: 0,
  };
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  #otherVersion: number | undefined;

  /** @throws {Error} when the maps are not there, or the programs cannot be loaded */
  constructor(options: FlowSyncOptions) {
    this.#options = options;
    this.#alive = options.alive;
    this.#key = createSecretKey(Buffer.from(options.key, 'latin1'));
    this.#kernel = new FlowKernel(options.folder);
    this.#directory = new Directory(this.#kernel.maps);
    this.session = new Session({
      nowMs: options.nowMs,
      send: packet => options.send(seal(packet, this.#key)),
      take: body => this.#take(body),
      wanted: () => this.#beginWalk(),
      met: () => this.#meet(),
    });
    this.#kernel.listen(news => this.#hear(news));
    this.#tick = setInterval(() => this.#onTick(), TICK_MS);
  }

  /**
   * Real servers or services are others now: flows that any director would have found by itself may be none of those any more.
   *
   * @param alive ids of real servers that pass their checks
   */
  tablesChanged(alive: ReadonlySet<number>): void {
    this.#alive = alive;
    this.#readDirectory();
    this.#haste.wanted = true;
    if (this.session.isMet) this.#report();
  }

  #report(): void {
    this.#reports.look(this.#directory.standings(this.#alive));
    if (this.#reports.isWaiting) this.#batch ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  #meet(): void {
    this.#peer.begin();
    this.#wasMet = true;
  }

  #readDirectory(): void {
    this.#directory = new Directory(this.#kernel.maps);
    this.#lookedMs = this.#options.nowMs();
  }

  /** A datagram from an address that is no peer's. */
  refuse(reason: RefusalReason): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  receive(datagram: Buffer, path: number): void {
    const packet = unseal(datagram, this.#key);
    if (typeof packet === 'string') {
      if (packet === 'version') this.#otherVersion = datagram[4];
      return this.refuse(packet);
    }
    this.#otherVersion = undefined;
    const refusal = this.session.receive(packet, path);
    if (refusal) this.refuse(refusal);
  }

  // ---- out

  #hear(news: Uint8Array): void {
    const shard = walkedShard(news);
    if (shard !== undefined) return this.#shardEnded(shard);
    // Whom there is to tell? All is told when it is heard again.
    if (!this.session.isMet) return;
    if (this.#waiting.size >= WAITING_MOST) {
      this.#waiting.clear();
      this.#haste.wanted = true;
    }
    this.#waiting.set(keyText(news), news.slice());
    this.#oldestMs ??= this.#options.nowMs();
    this.#batch ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  #flush(): void {
    clearTimeout(this.#batch);
    this.#batch = undefined;
    this.#measureLag();
    this.#writer.clear();
    while (this.#reports.isWaiting && this.session.hasRoom) this.#write(this.#reports.take()!);
    for (const [key, news] of this.#waiting) {
      if (!this.session.hasRoom) break;
      this.#waiting.delete(key);
      const record = this.#recordOf(news);
      if (record) this.#write(record);
    }
    this.#post();
    this.#oldestMs = this.#waiting.size > 0 ? this.#options.nowMs() : undefined;
  }

  #measureLag(): void {
    const nowMs = this.#options.nowMs();
    const lagMs = this.#oldestMs === undefined ? 0 : nowMs - this.#oldestMs;
    if (nowMs - this.#lag.sinceMs > 1000) this.#lag = { sinceMs: nowMs, lastMs: this.#lag.mostMs, mostMs: 0 };
    this.#lag.mostMs = Math.max(this.#lag.mostMs, lagMs);
  }

  #recordOf(news: Uint8Array): FlowRecord | undefined {
    const record = recordOf(news, this.#directory);
    if (record) return record;
    this.#lookAgain();
    return recordOf(news, this.#directory);
  }

  /** For numbers that are new since the directory was read. */
  #lookAgain(): void {
    if (this.#options.nowMs() - this.#lookedMs > 1000) this.#readDirectory();
  }

  #write(record: FlowRecord | RealReport): void {
    if (!this.#writer.hasRoom) this.#post();
    this.#writer.put(record);
    if (record.op !== OP.real) this.#flowsSent++;
  }

  #post(): void {
    if (this.#writer.length > 0) this.session.sendData(this.#room.slice(0, this.#writer.length));
    this.#writer.clear();
  }

  // ---- snapshots and rounds

  #beginWalk(): void {
    this.#walk = { shard: 0, wish: this.session.granted, pending: false };
    this.#haste.wanted = false;
    this.#reports.forget();
    this.#report();
  }

  #onTick(): void {
    this.session.tick();
    if (this.session.isInStep && this.#peer.settle()) this.#hasNewReports = true;
    if (this.#hasNewReports) this.#options.told(this.#peer.reals);
    this.#hasNewReports = false;
    if (!this.session.isMet) return this.#fallSilent();
    // It was silent for a while, and is the one that it was: what happened meanwhile, nobody has told it.
    if (!this.#wasMet) this.#beginWalk();
    this.#wasMet = true;
    if (this.#waiting.size > 0 || this.#reports.isWaiting) this.#flush();
    if (this.#walk) this.#walkOn(this.#walk);
    else if (!this.#hasten()) this.#goRound();
  }

  #fallSilent(): void {
    this.#wasMet = false;
    this.#waiting.clear();
    this.#reports.forget();
    this.#walk = undefined;
  }

  /**
   * All flows that are needed elsewhere are told of now, not within the next round: after an overflow, and when a real server has
   * come or gone, for a takeover may follow any moment. Through a large table that costs, so it takes a twentieth of the thread's
   * time at most.
   *
   * @returns whether it is under way
   */
  #hasten(): boolean {
    const haste = this.#haste;
    const beganMs = this.#options.nowMs();
    if (haste.wanted && haste.shards === 0 && beganMs >= haste.notBeforeMs)
      Object.assign(haste, { wanted: false, shards: FLOW_SHARDS, tookMs: 0 });
    if (haste.shards === 0) return false;
    for (let turn = 0; turn < HASTY_SHARDS && haste.shards > 0; turn++) {
      if (this.#waiting.size > WALK_BELOW) break;
      if (!this.#tellShard(FLOW_SHARDS - haste.shards, 0n)) break; // the ring is full: at the next tick
      haste.shards--;
    }
    const nowMs = this.#options.nowMs();
    haste.tookMs += nowMs - beganMs;
    if (haste.shards === 0) haste.notBeforeMs = nowMs + HASTE_PAUSE * haste.tookMs;
    return true;
  }

  #walkOn(walk: Walk): void {
    if (walk.pending || this.#waiting.size > WALK_BELOW) return;
    walk.pending = true;
    const { lost } = this.#kernel.walk(walk.shard, 0n, true);
    // What had no room is told at the next try; the end may be among it.
    if (lost > 0) walk.pending = false;
  }

  #shardEnded(shard: number): void {
    const walk = this.#walk;
    if (!walk?.pending || shard !== walk.shard) return;
    walk.pending = false;
    walk.shard++;
    if (walk.shard < FLOW_SHARDS) return this.#walkOn(walk);
    this.#endWalk(walk);
  }

  /** All that was told before goes first. */
  #endWalk(walk: Walk): void {
    this.#flush();
    if (this.#waiting.size > 0 || this.#reports.isWaiting) {
      setTimeout(() => {
        if (this.#walk === walk) this.#endWalk(walk);
      }, TICK_MS);
      return;
    }
    this.#walk = undefined;
    if (!this.session.hasRoom) return;
    this.#writer.clear();
    this.#writer.put({ op: OP.walked, wish: walk.wish });
    this.#post();
  }

  /** Of flows in use since then. @returns false: the ring had no room for all */
  #tellShard(shard: number, sinceNs: bigint): boolean {
    const beganNs = process.hrtime.bigint();
    if (this.#kernel.walk(shard, sinceNs, false).lost > 0) return false;
    this.#round.sinceNs[shard] = beganNs;
    return true;
  }

  /** A shard at a time, so that each is told of once in a round. */
  #goRound(): void {
    const nowMs = this.#options.nowMs();
    if (nowMs < this.#round.nextMs) return;
    const { shard, sinceNs } = this.#round;
    this.#round.nextMs = Math.max(nowMs, this.#round.nextMs + ROUND_MS / FLOW_SHARDS);
    if (this.#tellShard(shard, sinceNs[shard]!)) this.#round.shard = (shard + 1) % FLOW_SHARDS;
  }

  // ---- in

  #take(body: Uint8Array): void {
    let count = 0;
    const put = () => {
      if (count === 0) return;
      for (const became of this.#kernel.put(this.#imports.subarray(0, count * NEWS_BYTES)))
        this.#imported[became]++;
      count = 0;
    };
    try {
      for (const record of readRecords(body, KNOWN)) {
        if (record.op === OP.walked) {
          put();
          this.session.walked(record.wish);
          continue;
        }
        if (record.op === OP.real) {
          if (this.#peer.take(record)) this.#hasNewReports = true;
          continue;
        }
        this.#flowsReceived++;
        const news = this.#imports.subarray(count * NEWS_BYTES, (count + 1) * NEWS_BYTES);
        if (this.#translate(record, news)) count++;
        else this.#imported.unknown++;
        if (count === IMPORTS_MOST) put();
      }
    } catch (fault) {
      if (!(fault instanceof RecordFault)) throw fault;
      this.refuse('malformed');
    }
    put();
  }

  #translate(record: FlowRecord, news: Uint8Array): boolean {
    news.fill(0);
    if (newsOf(record, this.#directory, news)) return true;
    this.#lookAgain();
    news.fill(0);
    return newsOf(record, this.#directory, news);
  }

  figures(): FlowSyncFigures {
    return {
      ...this.session.figures(),
      ...{ flowsSent: this.#flowsSent, flowsReceived: this.#flowsReceived, flowsWaiting: this.#waiting.size },
      ...{ imported: { ...this.#imported }, refused: { ...this.#refused }, otherVersion: this.#otherVersion },
      lagMs: Math.round(Math.max(this.#lag.lastMs, this.#lag.mostMs)),
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#tick);
    clearTimeout(this.#batch);
    this.#kernel.close();
  }
}
