/** The pools of a configuration, and those that a `proxy_pass` to a plain address stands for. */
import { isIP } from 'node:net';
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import type { Resolvers } from '../resolve/resolvers.ts';
import type { VariableSpace } from '../variable/space.ts';
import type { Worker } from '../worker.ts';
import type { Peers } from '../zone/peers.ts';
import { impliedPool } from './implied.ts';
import { Pool } from './pool.ts';
import { membersAlone, type PoolMembers, type PoolShare } from './pool-share.ts';
import type { PoolViews } from './pool-views.ts';
import { makeSticky } from './sticky/table.ts';

/** What the process gives its threads for the pools of a configuration. */
export interface SharedPools {
  readonly shares: readonly PoolShare[];
  /** Signs sticky cookies where the configuration has no secret. */
  readonly secret: string;
}

/** What pools are made from, beside their models. */
export interface PoolsMeans {
  readonly worker: Worker;
  readonly views: PoolViews;
  readonly variables: VariableSpace;
  readonly shared: SharedPools;
  /** The memory of a zone. */
  memory(name: string): SharedArrayBuffer;
}

const MOST_PASSING = 1000;

const needsLookup = ({ members: [member] }: PoolModel) =>
  member?.unixPath === undefined && isIP(member?.host ?? '') === 0;

export class Pools {
  readonly #byName = new Map<string, Pool>();
  /** Those that only requests know, the least recently used first. */
  readonly #passing = new Map<string, Pool>();
  readonly #means: PoolsMeans;
  readonly #shares: Map<string, PoolShare>;
  readonly #members = new Map<string, PoolMembers>();
  #adopted = false;

  constructor(models: readonly PoolModel[], means: PoolsMeans) {
    this.#means = means;
    this.#shares = new Map(means.shared.shares.map(share => [share.pool, share]));
    for (const model of models) this.#byName.set(model.name, this.#make(model));
  }

  /** All pools, the implied ones too. */
  all(): IterableIterator<Pool> {
    return this.#byName.values();
  }

  named(name: string): Pool | undefined {
    return this.#byName.get(name);
  }

  /**
   * The pool that a fixed target means: that of the name, or one that stands for the address.
   *
   * @param authority `host`, `host:port`, `[ipv6]:port` or `unix:/path`
   */
  forAuthority(authority: string, defaultPort: number): Pool {
    const known = this.#byName.get(authority);
    if (known) return known;
    const model = impliedPool(authority, defaultPort);
    const implied = this.#byName.get(model.name) ?? this.#make(model);
    this.#byName.set(model.name, implied);
    return implied;
  }

  /** The pool that a target out of a request means, where that is known without looking up its name. */
  known(authority: string, defaultPort: number): Pool | undefined {
    const named = this.#byName.get(authority);
    if (named) return named;
    const model = impliedPool(authority, defaultPort);
    const known = this.#byName.get(model.name) ?? this.#passing.get(model.name);
    if (known || needsLookup(model)) return known;
    return this.#pass(model);
  }

  /** The pool of a name that was looked up for a request. @param addresses at least one */
  at(authority: string, defaultPort: number, addresses: readonly string[]): Pool {
    const model = impliedPool(authority, defaultPort);
    const [template] = model.members as [MemberModel];
    const members = addresses.map(host => ({ ...template, host }));
    return this.#pass({ ...model, name: `${model.name} ${addresses.join(' ')}`, members });
  }

  /** For names that only requests know. */
  get resolvers(): Resolvers {
    return this.#means.views.resolvers;
  }

  /** The host of a target. @param authority without a port, or with one */
  hostOf(authority: string): string {
    return impliedPool(authority, 0).members[0]!.host;
  }

  /** Clients may name any number of targets: those unused for longest are let go. */
  #pass(model: PoolModel): Pool {
    const { name } = model;
    const pool = this.#passing.get(name) ?? this.#make(model);
    this.#passing.delete(name);
    this.#passing.set(name, pool);
    if (this.#passing.size > MOST_PASSING) {
      const [oldest] = this.#passing.keys();
      this.#passing.delete(oldest!);
      this.#members.delete(oldest!);
      this.#means.views.release(oldest!);
    }
    return pool;
  }

  /** These are in use from now on: what this thread has in flight moves to their memory. */
  adopt(): void {
    const { views } = this.#means;
    this.#adopted = true;
    for (const [name, { peers }] of this.#members) this.#adopt(name, peers);
    for (const pool of this.#byName.values()) {
      const idle = views.idle(pool.model.name);
      idle.limit = pool.model.keepalive.idle;
      idle.trim();
    }
    views.forget(new Set(this.#byName.keys()));
  }

  #adopt(name: string, peers: Peers): void {
    const share = this.#shares.get(name);
    if (share) this.#means.views.adopt(share, peers);
  }

  /** Members have come or gone while the configuration is the same. */
  change(share: PoolShare): void {
    const { views } = this.#means;
    const peers = views.open(share);
    views.adopt(share, peers);
    this.#shares.set(share.pool, share);
    const pool = this.#byName.get(share.pool);
    if (pool) pool.change({ members: share.members, peers });
  }

  #make(model: PoolModel): Pool {
    const { worker, views, variables, shared, memory } = this.#means;
    const { balance, sticky } = model;
    const idle = views.idle(model.name);
    idle.limit ||= model.keepalive.idle;
    return new Pool(model, this.#membersOf(model), {
      worker,
      idle,
      key: balance.key === undefined ? undefined : variables.text(balance.key),
      sticky:
        sticky &&
        makeSticky(sticky, {
          poolName: model.name,
          secrets: model.stickySecrets.length > 0 ? model.stickySecrets : [shared.secret],
          text: template => variables.text(template),
          memory,
          owner: views.owner,
        }),
    });
  }

  #membersOf(model: PoolModel): PoolMembers {
    const share = this.#shares.get(model.name);
    const members = share
      ? { members: share.members, peers: this.#means.views.open(share) }
      : membersAlone(model, this.#means.views.owner);
    this.#members.set(model.name, members);
    if (this.#adopted) this.#adopt(model.name, members.peers);
    return members;
  }
}
