/** Finds the Redis that can be written to: the one that is named, the master that Sentinels know, the node of a cluster that has our slot. */

import { listOf, RedisError, type Reply, textOf } from '#kit/resp.ts';
import type { RedisHost, RedisStoreModel } from '#model/cluster/session-store.ts';
import { hostName, RedisConnection } from './connection.ts';
import { redisReason } from './reason.ts';

/** A cluster that sends us on for longer has not made up its mind. */
const MOST_MOVES = 5;
/** Of a cluster so many nodes are kept in mind beside those that are configured. */
const MOST_LEARNED = 32;

export class Finder {
  readonly #model: RedisStoreModel;
  /** Any key of ours: all are in one slot. */
  readonly #key: string;
  /** Who answered last is asked first. */
  #first: RedisHost | undefined;
  #learned: readonly RedisHost[] = [];

  constructor(model: RedisStoreModel, key: string) {
    this.#model = model;
    this.#key = key;
  }

  /** @throws {Error} with what each of those that were asked has said */
  find(): Promise<RedisConnection> {
    const { way, servers } = this.#model;
    if (way === 'single') return this.#master(servers[0]!);
    return this.#firstOf(way === 'sentinel' ? host => this.#byReport(host) : host => this.#bySlot(host));
  }

  /** Whether Sentinels know another master by now. False while none of them answers. */
  async hasMoved(from: RedisConnection): Promise<boolean> {
    if (this.#model.way !== 'sentinel') return false;
    const master = await this.#firstOf(host => this.#report(host)).catch(() => undefined);
    return master !== undefined && hostName(master) !== from.name;
  }

  async #firstOf<T>(ask: (host: RedisHost) => Promise<T>): Promise<T> {
    const faults: string[] = [];
    for (const host of this.#candidates()) {
      try {
        const answer = await ask(host);
        this.#first = host;
        return answer;
      } catch (fault) {
        faults.push(`${hostName(host)}: ${(fault as Error).message}`);
      }
    }
    throw new Error([...new Set(faults)].slice(0, 3).join('; '));
  }

  #candidates(): RedisHost[] {
    const all = [this.#first, ...this.#model.servers, ...this.#learned].filter(host => host !== undefined);
    return [...new Map(all.map(host => [hostName(host), host])).values()];
  }

  /** @throws {Error} when it is one that only follows */
  async #master(host: RedisHost): Promise<RedisConnection> {
    const connection = await this.#open(host);
    const [role] = await connection.exchange([['ROLE']]);
    // Where the user may not ask, the first write will tell.
    const word = textOf(listOf(role)[0]) ?? 'master';
    if (word === 'master') return connection;
    connection.close();
    throw new Error(`it is a replica, which cannot be written to`);
  }

  async #byReport(sentinel: RedisHost): Promise<RedisConnection> {
    const host = await this.#report(sentinel);
    try {
      return await this.#master(host);
    } catch (fault) {
      throw new Error(`the master is at ${hostName(host)}: ${(fault as Error).message}`);
    }
  }

  async #report(sentinel: RedisHost): Promise<RedisHost> {
    const { masterName, tls, sentinelLogin: login } = this.#model;
    const connection = await RedisConnection.open({ host: sentinel, tls, login, database: 0 });
    try {
      const [reply] = await connection.exchange([['SENTINEL', 'get-master-addr-by-name', masterName]]);
      if (reply instanceof RedisError) throw new Error(redisReason(reply));
      const [host, port] = listOf(reply).map(textOf);
      if (host === undefined || port === undefined) throw new Error(`it knows no master "${masterName}"`);
      return { host, port: Number(port) };
    } finally {
      connection.close();
    }
  }

  /** The node that does not send us on has the slot, and is its master: replicas send everybody on. */
  async #bySlot(seed: RedisHost): Promise<RedisConnection> {
    let host = seed;
    for (let moves = 0; moves <= MOST_MOVES; moves++) {
      const connection = await (moves === 0 ? this.#open(host) : this.#openNamed(host));
      const [reply, slots] = await connection.exchange([
        ['EXISTS', this.#key],
        ['CLUSTER', 'SLOTS'],
      ]);
      if (!(reply instanceof RedisError)) {
        this.#learn(slots);
        return connection;
      }
      connection.close();
      if (reply.code !== 'MOVED') throw new Error(redisReason(reply));
      host = movedTo(reply, host);
    }
    throw new Error('its nodes send us from one to the other');
  }

  /** @throws {Error} that tells who it was: another has sent us there */
  async #openNamed(host: RedisHost): Promise<RedisConnection> {
    try {
      return await this.#open(host);
    } catch (fault) {
      throw new Error(`the slot is at ${hostName(host)}: ${(fault as Error).message}`);
    }
  }

  #open(host: RedisHost): Promise<RedisConnection> {
    const { tls, login, database } = this.#model;
    return RedisConnection.open({ host, tls, login, database });
  }

  /** Those that are configured may all be gone one day. */
  #learn(slots: Reply | undefined): void {
    const nodes = listOf(slots).flatMap(range => listOf(range).slice(2));
    const hosts = nodes.flatMap(node => {
      const [host, port] = listOf(node);
      const text = textOf(host);
      return text && typeof port === 'number' ? [{ host: text, port }] : [];
    });
    if (hosts.length > 0) this.#learned = hosts.slice(0, MOST_LEARNED);
  }
}

/** `MOVED 3999 127.0.0.1:6381`; without a host it is another port of the same one. */
function movedTo({ message }: RedisError, from: RedisHost): RedisHost {
  const [, host = '', port] = /^MOVED \d+ (.*):(\d+)$/.exec(message) ?? [];
  if (port === undefined) throw new Error(message);
  return { host: host === '' || host === '?' ? from.host : host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
