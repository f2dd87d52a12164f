/** A group of members in shared memory, for tests of balancers. */

import type { BalanceMethod, BalanceModel, MemberModel } from '#model/l7/upstream.ts';
import { type Ask, type Balancer, NOBODY } from '../../../l7/balance/balancer.ts';
import { Group } from '../../../l7/balance/group.ts';
import { BALANCERS } from '../../../l7/balance/table.ts';
import { Member } from '../../../l7/upstream/member.ts';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { Peers, type SharedPeers } from '../../../l7/zone/peers.ts';
import { seeded } from '../zone/random.ts';

export function memberModel(name: string, also: Partial<MemberModel> = {}): MemberModel {
  const [host = name, port = '80'] = name.split(':');
  return {
    name,
    host,
    port: Number(port),
    unixPath: undefined,
    weight: 1,
    maxFails: 1,
    failTimeoutMs: 10_000,
    maxConns: 0,
    backup: false,
    down: false,
    drain: false,
    resolve: false,
    service: undefined,
    route: undefined,
    slowStartMs: 0,
    ...also,
  };
}

export const balanceModel = (method: BalanceMethod, also: Partial<BalanceModel> = {}): BalanceModel => ({
  method,
  key: undefined,
  by: 'connections',
  inflight: false,
  ...also,
});

/** Requests whose clients and keys are many: the nth of them. */
export const keyOf = (method: BalanceMethod, n: number): string =>
  BALANCERS[method].key === 'client-address' ? `10.${n >> 8}.${n & 255}.1` : `key ${n}`;

export class Field {
  readonly peers: Peers;
  readonly shared: SharedPeers;
  readonly members: readonly Member[];
  readonly group: Group;
  readonly balancer: Balancer;
  readonly method: BalanceMethod;
  readonly ask: Ask = { tried: undefined, nowMs: 1_000_000, key: '', full: false, readmitted: NOBODY };
  #requests = 0;

  constructor(method: BalanceMethod, models: readonly MemberModel[], also: Partial<BalanceModel> = {}) {
    this.method = method;
    this.shared = Peers.create(
      models.map(model => model.name),
      models.map(model => model.weight),
      2,
    );
    this.peers = new Peers(this.shared, 0, ownerOf(0));
    this.members = models.map((model, index) => new Member(model, this.peers, index, new Map()));
    this.group = new Group(this.peers, this.members, 0, models.length);
    this.balancer = BALANCERS[method].make(this.group, balanceModel(method, also), seeded(7));
  }

  /** The name of the member that one more request begins at, '' for none. @param key that of the nth request unless told */
  begin(key = keyOf(this.method, this.#requests++)): string {
    this.ask.key = key;
    const index = this.balancer.pick(this.ask);
    if (index === NOBODY) return '';
    this.group.begin(index, this.ask.nowMs);
    return this.members[index]!.model.name;
  }

  /** As begin(), and the request ends at once. */
  pick(key?: string): string {
    const name = this.begin(key);
    if (name !== '') this.peers.end(this.indexOf(name));
    return name;
  }

  indexOf(name: string): number {
    return this.members.findIndex(member => member.model.name === name);
  }

  /** How many of `count` requests, each of another client, go to each member. */
  spread(count: number, begin = (): string => this.begin()): Map<string, number> {
    const got = new Map(this.members.map(member => [member.model.name, 0]));
    for (let n = 0; n < count; n++) {
      const name = begin();
      got.set(name, (got.get(name) ?? 0) + 1);
    }
    return got;
  }
}
