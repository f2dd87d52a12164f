/** A pool at work: picks a member for each try, and keeps idle connections to them. */
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import type { Exchange } from '../exchange.ts';
import type { Response } from '../response.ts';
import type { Attempt } from '../variable/upstream.ts';
import type { Worker } from '../worker.ts';
import { UpstreamConnection } from './connection.ts';
import type { Connector } from './connector.ts';

export interface Member {
  readonly model: MemberModel;
  /** `address:port` as logged in $upstream_addr. */
  readonly address: string;
  inFlight: number;
}

/** What pick() says when the seeker has to wait: `chosen()` follows, unless it leaves. */
export const WAITING = Symbol('waiting');

/** Who asks a pool for a member. */
export interface MemberSeeker {
  readonly exchange: Exchange;
  /** Members that failed this request already. */
  readonly tried: ReadonlySet<Member> | undefined;
  /** The answer after WAITING; undefined: the wait was in vain. */
  chosen(member: Member | undefined): void;
}

/**
 * What became of a try. `failed` counts against the member (nginx's unsuccessful attempt: by default no connection, a
 * timeout, no valid answer); `cancelled` says nothing about it: the client went away, or moat gave up for reasons of its own.
 */
export type Outcome = 'ok' | 'failed' | 'cancelled';

export class Pool {
  readonly model: PoolModel;
  readonly members: readonly Member[];
  readonly worker: Worker;
  readonly #idle = new Map<Member, UpstreamConnection[]>();
  #next = 0;

  constructor(model: PoolModel, worker: Worker) {
    this.model = model;
    this.worker = worker;
    this.members = model.members.map(member => ({
      model: member,
      address:
        member.unixPath === undefined
          ? `${member.host.includes(':') ? `[${member.host}]` : member.host}:${member.port}`
          : `unix:${member.unixPath}`,
      inFlight: 0,
    }));
  }

  /** How many tries a request may make here when nothing else limits it: members that are in use, backups too. */
  get tries(): number {
    return this.members.length;
  }

  /**
   * Chooses a member and counts the request as in flight there: `ended()` must follow, whatever happens.
   *
   * @returns undefined when none may be used now
   */
  pick({ tried }: MemberSeeker): Member | typeof WAITING | undefined {
    for (let step = 0; step < this.members.length; step++) {
      const member = this.members[this.#next++ % this.members.length]!;
      if (member.model.down || tried?.has(member)) continue;
      member.inFlight++;
      return member;
    }
    return undefined;
  }

  /** A seeker that waits does so no more: its client is gone. */
  leave(_seeker: MemberSeeker): void {}

  /** The head of the member's answer is there and about to pass on: sticky sessions begin here. */
  answered(_exchange: Exchange, _member: Member, _response: Response): void {}

  /** The try is over: all that `attempt` measures is known, times that were never reached are -1. */
  ended(member: Member, _outcome: Outcome, _attempt: Attempt): void {
    member.inFlight--;
  }

  /**
   * A connection to the member: an idle one, the last used first, or a new one.
   *
   * @param how opens new ones; idle ones are shared only among callers with the same `how.key`
   */
  connect(member: Member, how: Connector): UpstreamConnection {
    const idle = this.#idle.get(member);
    for (let at = (idle?.length ?? 0) - 1; at >= 0; at--) {
      if (idle![at]!.key === how.key) return idle!.splice(at, 1)[0]!;
    }
    const connection = new UpstreamConnection(this, member, how.key);
    connection.transport = how.open(member, connection, this.worker);
    return connection;
  }

  /** Takes a connection back whose response was complete. */
  release(connection: UpstreamConnection): void {
    let idle = this.#idle.get(connection.member);
    if (!idle) this.#idle.set(connection.member, (idle = []));
    if (idle.length >= this.model.keepalive.idle) return connection.destroy();
    idle.push(connection);
  }

  /** An idle connection was closed by the other side. */
  drop(connection: UpstreamConnection): void {
    const idle = this.#idle.get(connection.member);
    const at = idle?.indexOf(connection) ?? -1;
    if (at !== -1) idle!.splice(at, 1);
  }
}
