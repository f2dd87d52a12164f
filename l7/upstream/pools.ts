/** The pools of a configuration, and those that a `proxy_pass` to a plain address stands for. */
import { isIP } from 'node:net';
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import type { Resolvers } from '../resolve/resolvers.ts';
import type { VariableSpace } from '../variable/space.ts';
import type { Worker } from '../worker.ts';
import type { Peers } from '../zone/peers.ts';
import { impliedPool, isImpliedName } from './implied.ts';
import { Pool } from './pool.ts';
import { membersAlone, membersOf, type PoolMembers, type PoolShare } from './pool-share.ts';
import { type PoolSnapshot, snapshotOf } from './pool-snapshot.ts';
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

/** Pools are made when they are first asked for: a configuration may have many that this thread never meets. */
export class Pools {
  /** By their names in lower case: as in nginx, "Backend" is the same as "backend". */
  readonly #models: ReadonlyMap<string, PoolModel>;
  readonly #made = new Map<string, Pool>();
  /** Those that only requests know, the least recently used first. */
  readonly #passing = new Map<string, Pool>();
  readonly #means: PoolsMeans;
  readonly #shares: Map<string, PoolShare>;
  /** Views that were opened for shares. */
  readonly #views = new Map<string, Peers>();
  /** `host:port` of every plain name that a fixed target has → the name of its pool. */
  readonly #written: ReadonlyMap<string, string>;
  #adopted = false;

  constructor(models: readonly PoolModel[], means: PoolsMeans) {
    this.#means = means;
    this.#models = new Map(models.map(model => [model.name.toLowerCase(), model]));
    this.#shares = new Map(means.shared.shares.map(share => [share.pool, share]));
    const implied = means.shared.shares.filter(({ pool }) => isImpliedName(pool));
    this.#written = new Map(implied.map(({ pool }) => [addressOf(impliedOf(pool)), pool]));
  }

  /** Signs what clients bring back, where the configuration has no secret. */
  get secret(): string {
    return this.#means.shared.secret;
  }

  /** All pools of upstream blocks. */
  *all(): Generator<Pool> {
    for (const name of this.#models.keys()) yield this.named(name)!;
  }

  /** How all pools are, those too whose locations this thread has not served yet. */
  snapshots(): PoolSnapshot[] {
    const known = new Set([...this.all(), ...this.#made.values()]);
    const names = new Set([...known].map(({ model }) => model.name));
    const elsewhere = [...this.#shares.values()].filter(({ pool }) => !names.has(pool));
    const nowMs = this.#means.worker.clock.nowMs();
    return [
      ...[...known].map(pool => pool.snapshot()),
      ...elsewhere.map(share =>
        snapshotOf(
          share.pool,
          this.#means.views.open(share),
          membersOf(share, impliedOf(share.pool)).map(model => ({ model })),
          nowMs,
        ),
      ),
    ];
  }

  named(name: string): Pool | undefined {
    const made = this.#made.get(name);
    if (made) return made;
    const model = this.#models.get(name.toLowerCase());
    return model && (this.#made.get(model.name) ?? this.#keep(model));
  }

  /**
   * The pool that a fixed target means: that of the name, or one that stands for the address.
   *
   * @param authority `host`, `host:port`, `[ipv6]:port` or `unix:/path`
   */
  forAuthority(authority: string, defaultPort: number): Pool {
    const named = this.named(authority);
    if (named) return named;
    const model = impliedPool(authority, defaultPort);
    return this.#made.get(model.name) ?? this.#keep(model);
  }

  /**
   * The pool that a target out of a request means, where that is known without looking up its name: of an upstream block,
   * of a fixed target with the same host and port, or of an address.
   */
  known(authority: string, defaultPort: number): Pool | undefined {
    const named = this.named(authority);
    if (named) return named;
    const model = impliedPool(authority, defaultPort);
    const written = this.#written.get(addressOf(model));
    if (written !== undefined) return this.#made.get(written) ?? this.#keep(impliedOf(written));
    const known = this.#made.get(model.name) ?? this.#passing.get(model.name);
    if (known || needsLookup(model)) return known;
    return this.#pass(model);
  }

  /** The pool of a name that was looked up for a request. @param addresses at least one */
  at(authority: string, defaultPort: number, addresses: readonly string[]): Pool {
    const model = impliedPool(authority, defaultPort);
    const [template] = model.members as [MemberModel];
    // As in nginx: which of them failed is forgotten with the request.
    const members = addresses.map(host => ({ ...template, host, maxFails: 0 }));
    return this.#pass({ ...model, name: `${model.name} ${addresses.join(' ')}`, members });
  }

  /** For names that only requests know. */
  get resolvers(): Resolvers {
    return this.#means.views.resolvers;
  }

  /** The host of a target, lower case. @param authority without a port, or with one */
  hostOf(authority: string): string {
    return impliedPool(authority, 0).members[0]!.host.toLowerCase();
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
      this.#means.views.release(oldest!);
    }
    return pool;
  }

  #keep(model: PoolModel): Pool {
    const pool = this.#make(model);
    this.#made.set(model.name, pool);
    return pool;
  }

  /** These are in use from now on: what this thread has in flight moves to their memory. */
  adopt(): void {
    const { views } = this.#means;
    this.#adopted = true;
    for (const share of this.#shares.values())
      if (views.uses(share.pool) || this.#views.has(share.pool)) views.adopt(share, this.#open(share));
    for (const { name, keepalive } of this.#models.values()) views.limitIdle(name, keepalive.idle);
    const names = [...this.#models.values()].map(({ name }) => name);
    views.forget(new Set([...names, ...this.#shares.keys()]));
  }

  /** Members have come or gone while the configuration is the same. */
  change(share: PoolShare): void {
    const { views } = this.#means;
    this.#shares.set(share.pool, share);
    const pool = this.#made.get(share.pool);
    if (!pool && !views.uses(share.pool)) return;
    const peers = views.open(share);
    this.#views.set(share.pool, peers);
    views.adopt(share, peers);
    pool?.change({ members: membersOf(share, pool.model), peers });
  }

  /** This thread's view of a share, in use if the configuration is. */
  #open(share: PoolShare): Peers {
    const known = this.#views.get(share.pool);
    if (known) return known;
    const { views } = this.#means;
    const peers = views.open(share);
    this.#views.set(share.pool, peers);
    if (this.#adopted) views.adopt(share, peers);
    return peers;
  }

  #make(model: PoolModel): Pool {
    const { worker, views, variables, shared, memory } = this.#means;
    const { balance, sticky } = model;
    const share = this.#shares.get(model.name);
    const members: PoolMembers = share
      ? { members: membersOf(share, model), peers: this.#open(share) }
      : membersAlone(model, views.owner);
    return new Pool(model, members, {
      worker,
      idle: views.idle(model.name, model.keepalive.idle),
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
}

function addressOf({ members: [member] }: PoolModel): string {
  return `${member!.host.toLowerCase()}:${member!.port}`;
}

/** The model of an implied pool by its name, which is the authority and the default port. */
function impliedOf(name: string): PoolModel {
  const [authority = '', port] = name.split(' ');
  return impliedPool(authority, Number(port));
}
