/** A pool at work: picks a member for each try, and keeps idle connections to them. */
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import type { Exchange } from '../exchange.ts';
import type { Worker } from '../worker.ts';
import { UpstreamConnection } from './connection.ts';

export interface Member {
  readonly model: MemberModel;
  /** `address:port` as logged in $upstream_addr. */
  readonly address: string;
  inFlight: number;
}

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

  /** @param tried members that failed this request already */
  pick(_exchange: Exchange, tried: ReadonlySet<Member> | undefined): Member | undefined {
    for (let step = 0; step < this.members.length; step++) {
      const member = this.members[this.#next++ % this.members.length]!;
      if (!member.model.down && !tried?.has(member)) return member;
    }
    return undefined;
  }

  /** A connection to the member: an idle one, the last used first, or a new one. */
  connect(member: Member): UpstreamConnection {
    const idle = this.#idle.get(member);
    return idle?.pop() ?? new UpstreamConnection(this, member);
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
