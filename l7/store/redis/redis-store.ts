/**
 * What L7 tiers know together, left in Redis or Valkey. Ten times a second what has changed goes there and what the others have left comes
 * back, as one pipeline; the next one goes when the last one is answered. So nothing queues up, and one that does not answer costs nothing
 * but the news of the others.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { RedisError } from '#kit/resp.ts';
import type { RedisStoreModel } from '#model/cluster/session-store.ts';
import { monotonicMs } from '../../clock.ts';
import { type RedisFigures, TROUBLES, type Trouble } from '../figures.ts';
import { FrameWriter } from '../frame.ts';
import { NODE_ID_BYTES } from '../records.ts';
import type { StoreWay, WayMeans } from '../store-way.ts';
import type { ZoneShare } from '../zone-share.ts';
import { hostName, type RedisConnection } from './connection.ts';
import { Finder } from './finder.ts';
import { Outlook } from './outlook.ts';
import { Reading } from './reading.ts';
import { redisReason, systemReason } from './reason.ts';
import { RedisClock } from './redis-clock.ts';
import { Sealer } from './seal.ts';
import { SharedTickets } from './tickets.ts';
import { type Command, type LogMeans, ZoneLog } from './zone-log.ts';

const LOOK_MS = 100;
/** The clock of Redis and the keys of tickets are looked at once in so long ... */
const BEAT_MS = 1000;
/** ... and whether all is still there, and the master still the same. */
const CHECK_MS = 3000;
/** A pause before it is tried again: the first one, and the longest. */
const PAUSE_MS = { first: 200, most: 5000 };
/** So many turns follow each other without a pause. */
const TURNS_MOST = 50;

/** With these a server says that it is not, or not yet, the one to talk to. */
const NOT_HERE = new Set(['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'READONLY', 'MASTERDOWN', 'LOADING']);

export class RedisStore implements StoreWay {
  readonly #model: RedisStoreModel;
  readonly #means: WayMeans;
  readonly #prefix: string;
  readonly #finder: Finder;
  readonly #tickets: SharedTickets;
  readonly #logMeans: LogMeans;
  readonly #outlook = new Outlook(PAUSE_MS);
  readonly #timer: NodeJS.Timeout;
  readonly #clock = new RedisClock();
  readonly #counts = {
    entriesSent: 0,
    entriesReceived: 0,
    connects: 0,
    losses: 0,
    writesRefused: 0,
    postponed: 0,
  };
  readonly #refused = Object.fromEntries(TROUBLES.map(what => [what, 0])) as Record<Trouble, number>;
  #logs: readonly ZoneLog[] = [];
  #connection: RedisConnection | undefined;
  #isBusy = false;
  #isClosed = false;
  #isInStep = false;
  #lagMs: number | undefined;
  #beatMs = 0;
  #checkMs = 0;
  #isWatching = false;

  constructor(model: RedisStoreModel, means: WayMeans) {
    this.#model = model;
    this.#means = means;
    this.#prefix = `{${model.prefix}}:`;
    this.#finder = new Finder(model, `${this.#prefix}tickets`);
    const trouble = (what: Trouble, detail: string) => this.#note(what, detail);
    const common = { sealer: new Sealer(model.key, randomBytes(NODE_ID_BYTES)), nowMs: monotonicMs, trouble };
    this.#tickets = new SharedTickets(this.#prefix, { ...common, ...means });
    this.#logMeans = {
      ...common,
      writer: new FrameWriter(),
      redisMs: () => this.#clock.nowMs(),
      sent: count => (this.#counts.entriesSent += count),
      received: count => (this.#counts.entriesReceived += count),
      refused: error => this.#writeRefused(error),
    };
    this.#timer = setInterval(() => this.#begin(), LOOK_MS).unref();
  }

  /** Logs of memory that is the same go on where they are. */
  share(zones: readonly ZoneShare[]): void {
    const before = this.#logs;
    this.#logs = zones.map(zone => {
      const known = before.find(log => log.share.kind === zone.kind && log.share.memory === zone.memory);
      known?.adopt(zone);
      return known ?? new ZoneLog(this.#prefix, zone, this.#logMeans);
    });
  }

  bansChanged(): void {
    for (const { share } of this.#logs) share.touch?.();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#connection?.close();
    this.#connection = undefined;
  }

  figures(): RedisFigures {
    const { way, servers } = this.#model;
    const { connection, writing } = this.#outlook;
    const isUp = this.#connection !== undefined;
    return {
      kind: 'redis',
      way,
      servers: servers.map(hostName),
      server: this.#connection?.name,
      state: !isUp ? 'down' : this.#isInStep ? 'in-step' : 'catching-up',
      reason: isUp ? undefined : (connection.reason ?? 'not asked yet'),
      writeFault: isUp ? writing.reason : undefined,
      lagMs: this.#lagMs,
      nodes: new Set(this.#logs.flatMap(log => log.nodes)).size,
      ...this.#counts,
      refused: { ...this.#refused },
    };
  }

  /** A turn, unless the last one has not ended. */
  #begin(): void {
    if (this.#isBusy || this.#isClosed || !this.#outlook.connection.isOver(monotonicMs())) return;
    this.#isBusy = true;
    this.#turns()
      .catch((fault: Error) => this.#lost(fault))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  /** More than one, while there is more to read or to tell than fits into one. */
  async #turns(): Promise<void> {
    const connection = this.#connection ?? (await this.#connect());
    for (let turn = 0; turn < TURNS_MOST && !this.#isClosed; turn++) {
      if (turn > 0) await nextTick();
      if (!(await this.#turn(connection))) break;
    }
    this.#outlook.connection.end();
    if (this.#isInStep) this.#tellInStep(connection);
    this.#watch(connection);
  }

  async #connect(): Promise<RedisConnection> {
    const connection = await this.#finder.find();
    try {
      await this.#ask(connection, [this.#clock.look()]);
      await this.#ask(
        connection,
        this.#logs.flatMap(log => log.check(true)),
      );
    } catch (fault) {
      connection.close();
      throw fault;
    }
    if (this.#isClosed) connection.close();
    this.#connection = connection;
    this.#isInStep = false;
    this.#beatMs = 0;
    this.#checkMs = monotonicMs();
    this.#counts.connects++;
    return connection;
  }

  /** @returns whether there is more to do at once */
  async #turn(connection: RedisConnection): Promise<boolean> {
    const nowMs = monotonicMs();
    const { writing } = this.#outlook;
    const mayWrite = writing.isOver(nowMs);
    const refusedBefore = this.#counts.writesRefused;
    const reading = new Reading(this.#logs);
    const commands = mayWrite ? this.#logs.flatMap(log => log.write()) : [];
    this.#counts.postponed += this.#logs.filter(({ share }) => mayWrite && share.hasMore).length;
    commands.push(...reading.commands());
    if (nowMs - this.#beatMs >= BEAT_MS) {
      this.#beatMs = nowMs;
      commands.push(this.#clock.look(), ...this.#tickets.commands());
    } else if (this.#tickets.hasNews) commands.push(...this.#tickets.commands());
    if (nowMs - this.#checkMs >= CHECK_MS) {
      this.#checkMs = nowMs;
      commands.push(...this.#logs.flatMap(log => log.check(false)));
    }
    await this.#ask(connection, commands);
    for (const log of this.#logs) log.settled();
    if (mayWrite && this.#counts.writesRefused === refusedBefore) this.#writesAgain(connection);
    const isBehind = this.#logs.some(log => log.isBehind);
    this.#isInStep = reading.isDone && !isBehind;
    return reading.hasMore || (isBehind && writing.reason === undefined);
  }

  async #ask(connection: RedisConnection, commands: readonly Command[]): Promise<void> {
    const askedMs = monotonicMs();
    const replies = await connection.exchange(commands.map(({ words }) => words));
    if (commands.length > 0) this.#lagMs = monotonicMs() - askedMs;
    commands.forEach(({ take }, at) => {
      const reply = replies[at]!;
      if (reply instanceof RedisError && NOT_HERE.has(reply.code)) throw reply;
      take(reply);
    });
  }

  #lost(fault: Error): void {
    const reason = systemReason(fault);
    if (this.#connection) this.#counts.losses++;
    this.#connection?.close();
    this.#connection = undefined;
    this.#isInStep = false;
    this.#lagMs = undefined;
    this.#outlook.connection.fail(reason, monotonicMs(), Math.random());
    for (const log of this.#logs) log.broken();
    if (this.#isClosed) return;
    const { log, say } = this.#means;
    say('redis', 'down', () =>
      log().warn(`session store: redis cannot be used: ${reason}; each node goes on with what it knows`),
    );
  }

  #tellInStep({ name }: RedisConnection): void {
    const { log, say } = this.#means;
    say('redis', `in step with ${name}`, () => log().notice(`session store: in step with redis ${name}`));
  }

  #writeRefused(error: RedisError): void {
    const { log, say } = this.#means;
    const reason = redisReason(error);
    this.#counts.writesRefused++;
    this.#outlook.writing.fail(reason, monotonicMs(), Math.random());
    say('redis writes', 'refused', () =>
      log().warn(
        `session store: redis ${this.#connection?.name} takes nothing: ${reason}; the other nodes hear of nothing new here`,
      ),
    );
  }

  #writesAgain({ name }: RedisConnection): void {
    const { writing } = this.#outlook;
    if (writing.reason === undefined) return;
    writing.end();
    const { log, say } = this.#means;
    say('redis writes', 'taken', () => log().notice(`session store: redis ${name} takes changes again`));
  }

  #note(what: Trouble, detail: string): void {
    const { log, say } = this.#means;
    this.#refused[what]++;
    say(`redis ${what}`, what, () => log().warn(`session store: ${detail}`));
  }

  /** Beside the turns: Sentinels that do not answer keep nobody waiting. */
  #watch(connection: RedisConnection): void {
    if (this.#isWatching || this.#model.way !== 'sentinel') return;
    this.#isWatching = true;
    this.#finder
      .hasMoved(connection)
      .then(async hasMoved => {
        if (hasMoved) connection.close(new Error('Sentinels name another master'));
        await setTimeout(CHECK_MS, undefined, { ref: false });
      })
      .finally(() => {
        this.#isWatching = false;
      });
  }
}

const nextTick = (): Promise<void> => setImmediate();
