/** A pool at work in one thread: chooses members, judges them by their answers, keeps idle connections to them. */
import type { PoolModel } from '#model/l7/upstream.ts';
import { type Ask, NOBODY } from '../balance/balancer.ts';
import { BALANCERS } from '../balance/table.ts';
import type { Exchange } from '../exchange.ts';
import type { Response } from '../response.ts';
import type { Text } from '../variable/space.ts';
import type { Attempt } from '../variable/upstream.ts';
import type { Worker } from '../worker.ts';
import { COUNT, type PeerCount, type Peers } from '../zone/peers.ts';
import { UpstreamConnection } from './connection.ts';
import type { Connector } from './connector.ts';
import { doing } from './failure.ts';
import { Http2UpstreamConnection } from './h2-connection.ts';
import type { IdleConnections } from './idle.ts';
import { addressText, Member } from './member.ts';
import type { MemberConnection } from './member-connection.ts';
import { noteAnswer } from './outlier.ts';
import type { PoolMembers } from './pool-share.ts';
import { type PoolSnapshot, snapshotOf } from './pool-snapshot.ts';
import { PoolQueue } from './queue.ts';
import { Roster } from './roster.ts';
import { type MemberSeeker, type Outcome, WAITING } from './seeker.ts';
import { type Sticky, UNBOUND } from './sticky/sticky.ts';

export { Member } from './member.ts';
export { type MemberSeeker, type Outcome, WAITING } from './seeker.ts';

/** What a pool borrows from the thread. */
export interface PoolMeans {
  readonly worker: Worker;
  readonly idle: IdleConnections;
  readonly sticky: Sticky | undefined;
  /** The key that members are chosen by, where the method has one. */
  readonly key: Text | undefined;
}

export class Pool {
  readonly model: PoolModel;
  readonly worker: Worker;
  readonly #idle: IdleConnections;
  readonly #sticky: Sticky | undefined;
  readonly #key: Text | undefined;
  readonly #queue: PoolQueue | undefined;
  readonly #ask: Ask = { tried: undefined, nowMs: 0, key: '', full: false, readmitted: NOBODY };
  #roster: Roster;

  constructor(model: PoolModel, { members, peers }: PoolMembers, means: PoolMeans) {
    this.model = model;
    this.worker = means.worker;
    this.#idle = means.idle;
    this.#sticky = means.sticky;
    this.#key = BALANCERS[model.balance.method].key === 'client-address' ? addressOf : means.key;
    this.#roster = this.#makeRoster(members, peers);
    const { clock } = means.worker;
    if (model.queue) this.#queue = new PoolQueue(model.queue, clock, seeker => this.#choose(seeker));
  }

  get members(): readonly Member[] {
    return this.#roster.members;
  }

  /** keepalive_requests, keepalive_time: whether a connection that has served so many, since then, may serve another. */
  keeps(requests: number, startedMs: number): boolean {
    const { keepalive } = this.model;
    return requests < keepalive.requests && this.worker.clock.nowMs() - startedMs < keepalive.timeMs;
  }

  /** How many tries a request may make here when nothing else limits it: members that are in use, backups too. */
  get tries(): number {
    return this.#roster.tries;
  }

  /** Goes on with other members; what is in flight at those that stay goes on being counted. */
  change({ members, peers }: PoolMembers): void {
    this.#roster = this.#makeRoster(members, peers);
    this.#idle.keepOnly(new Set(this.#roster.members.map(member => member.address)));
    this.#queue?.roomMade();
  }

  #makeRoster(models: PoolMembers['members'], peers: Peers): Roster {
    const members = models.map(
      (model, index) => new Member(model, peers, index, this.#idle.stacksOf(addressText(model))),
    );
    const roster = new Roster(this.model, peers, members);
    this.#sticky?.follow(roster);
    return roster;
  }

  /**
   * Chooses a member and counts the request as in flight there: `ended()` must follow, whatever happens.
   *
   * @returns undefined when none may be used now
   */
  pick(seeker: MemberSeeker): Member | typeof WAITING | undefined {
    seeker.queuedMs = -1;
    const member = this.#choose(seeker);
    if (member || !this.#queue || !this.#ask.full) return member;
    return this.#queue.join(seeker, this.#roster.peers) ? WAITING : undefined;
  }

  #choose(seeker: MemberSeeker): Member | undefined {
    const ask = this.#ask;
    const roster = this.#roster;
    const { exchange } = seeker;
    ask.tried = seeker.tried;
    ask.nowMs = this.worker.clock.nowMs();
    ask.key = this.#key === undefined ? '' : this.#key(exchange);
    ask.full = false;
    ask.readmitted = NOBODY;
    const bound = this.#sticky === undefined ? UNBOUND : this.#sticky.bound(exchange);
    const index = roster.pick(ask, bound);
    if (ask.readmitted !== NOBODY) {
      const { address } = roster.members[ask.readmitted]!;
      exchange.log('notice', `upstream server ${address} is used again after its ejection`);
    }
    if (index === NOBODY) return undefined;
    if (roster.waitsFor !== undefined) beginWaiting(seeker, roster.peers, index, ask.nowMs);
    return roster.members[index];
  }

  /** A seeker that waits does so no more: its client is gone. */
  leave(seeker: MemberSeeker): void {
    this.#queue?.leave(seeker);
  }

  /** The head of the member's answer is there and about to pass on: sticky sessions begin here. */
  answered(seeker: MemberSeeker, member: Member, response: Response): void {
    if (this.#roster.waitsFor === 'header') endWaiting(seeker, member);
    if (this.#sticky && member.peers === this.#roster.peers)
      this.#sticky.answered(seeker.exchange, member, response);
  }

  /** The try is over: all that `attempt` measures is known, times that were never reached are -1. */
  ended(seeker: MemberSeeker, member: Member, outcome: Outcome, attempt: Attempt): void {
    const { peers, index } = member;
    endWaiting(seeker, member);
    peers.end(index);
    count(peers, index, outcome, attempt);
    if (outcome !== 'cancelled') this.#judge(seeker.exchange, member, outcome, attempt);
    if (!this.#queue) return;
    this.#queue.roomMade();
    peers.announceRoom();
  }

  #judge(exchange: Exchange, member: Member, outcome: Outcome, attempt: Attempt): void {
    const roster = this.#roster;
    const { outlier } = this.model;
    // The pool may have changed over to other memory meanwhile.
    const index =
      member.peers === roster.peers
        ? member.index
        : roster.peers.names.indexOf(member.peers.names[member.index]!);
    if (index === NOBODY) return;
    const failed = outcome === 'failed';
    const faulty = outlier !== undefined && (failed || attempt.status >= 500);
    const answered = outcome === 'ok';
    if (answered && this.#sticky && member.peers === roster.peers) this.#sticky.completed(exchange, member);
    const balancer = roster.balancerOf(index);
    if (!failed && !faulty && !(answered && balancer.observe) && roster.peers.fails[index] === 0) {
      if (outlier) roster.peers.faulty[index] = 0;
      return;
    }
    const nowMs = this.worker.clock.nowMs();
    const { lock } = roster.peers;
    lock.acquire();
    const group = roster.groupOf(index);
    const worn = failed && group.fail(index, nowMs);
    if (!failed) {
      group.succeed(index, nowMs);
      if (answered) balancer.observe?.(index, attempt, nowMs);
    }
    const ejectedMs = outlier ? noteAnswer(roster, index, faulty, outlier, nowMs) : 0;
    lock.release();
    if (worn) exchange.log('warn', `upstream server temporarily disabled while ${doing(attempt)}`);
    if (ejectedMs > 0)
      exchange.log(
        'warn',
        `upstream server ${member.address} is ejected for ${ejectedMs} ms: its answers are faulty`,
      );
  }

  /**
   * A connection to the member: an idle one, the last used first, or a new one.
   *
   * @param how opens new ones; idle ones are shared only among callers with the same `how.key`
   * @throws {LocalFault} when this machine cannot open one as `how` wants it: the member is not to blame
   */
  connect(member: Member, how: Connector): MemberConnection {
    const idle = this.#idle.take(member.stacks, how.key);
    if (idle) return idle;
    const connection =
      how.http2 === undefined
        ? new UpstreamConnection(this, member, how.key)
        : new Http2UpstreamConnection(this, member, how.key, how.http2 === 'h2' ? 'h2' : '');
    connection.transport = how.open(member, connection, this.worker);
    member.peers.count(member.index, COUNT.connections, 1);
    return connection;
  }

  /** Takes a connection back whose response was complete. */
  release(connection: MemberConnection): void {
    this.#idle.rest(connection);
  }

  /** A connection was closed. */
  drop(connection: MemberConnection): void {
    this.#idle.drop(connection);
  }

  /** How things stand, for all threads together. */
  snapshot(): PoolSnapshot {
    return snapshotOf(this.model.name, this.#roster.peers, this.#roster.members, this.worker.clock.nowMs());
  }
}

const addressOf: Text = exchange => exchange.remoteAddress;

function beginWaiting(seeker: MemberSeeker, peers: Peers, index: number, nowMs: number): void {
  seeker.waitingSinceMs = nowMs;
  peers.count(index, COUNT.waiting, 1);
  peers.count(index, COUNT.waitingSinceMs, nowMs);
}

function endWaiting(seeker: MemberSeeker, { peers, index }: Member): void {
  if (seeker.waitingSinceMs === 0) return;
  peers.count(index, COUNT.waiting, -1);
  peers.count(index, COUNT.waitingSinceMs, -seeker.waitingSinceMs);
  seeker.waitingSinceMs = 0;
}

/** By the first digit of the status. */
const BY_CLASS: readonly (PeerCount | undefined)[] = [
  undefined,
  COUNT.responses1xx,
  COUNT.responses2xx,
  COUNT.responses3xx,
  COUNT.responses4xx,
  COUNT.responses5xx,
];

function count(peers: Peers, index: number, outcome: Outcome, attempt: Attempt): void {
  peers.count(index, COUNT.requests, 1);
  peers.count(index, COUNT.bytesSent, attempt.bytesSent);
  peers.count(index, COUNT.bytesReceived, attempt.bytesReceived);
  // A status that moat gave the try itself is no answer of the member.
  const kind = attempt.headerMs < 0 ? undefined : BY_CLASS[Math.trunc(attempt.status / 100)];
  if (kind !== undefined) peers.count(index, kind, 1);
  if (outcome === 'failed') peers.count(index, COUNT.fails, 1);
}
