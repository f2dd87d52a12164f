/** Watches all real servers of the L4 tier, thousands of them: what the compiler needs to know beside the configuration. */

import type { L4CheckModel } from '#model/l4/health.ts';
import type { L4Model } from '#model/l4/l4.ts';
import type { VirtualServerModel } from '#model/l4/virtual-server.ts';
import type { Conditions } from '../condition.ts';
import { endpointsOf } from '../endpoints.ts';
import { NO_PEER, type PeerReals, peerRealsOf } from '../peer-reals.ts';
import { runHook } from './hook.ts';
import { Limiter } from './limiter.ts';
import { Pinger } from './pinger.ts';
import type { ProbeTarget } from './probe.ts';
import { Sources } from './source.ts';
import { askThroughVirtual, type Steer } from './steered.ts';
import { ask, type Outcome } from './table.ts';
import type { Teller } from './teller.ts';
import { Ward, type WardMeans } from './ward.ts';

export interface WatchMeans {
  readonly log: () => Teller;
  readonly nowMs: () => number;
  /** 0 <= r < 1 */
  readonly random: () => number;
  /** How the path of a virtual server to a real one is taken. */
  readonly steer: Steer;
  /** What those who are watched are called in logs; a virtual_server and real servers if absent. */
  readonly words?: WardMeans['words'];
  /** The conditions are others now; what changes within one turn of the loop is told once. */
  readonly changed: (conditions: Conditions) => void;
}

/** Questions under way. */
const MOST_AT_ONCE = 1000;

export class Watch implements Disposable {
  readonly #means: WatchMeans;
  readonly #wardMeans: WardMeans;
  readonly #limiter = new Limiter(MOST_AT_ONCE);
  readonly #pinger = new Pinger();
  readonly #sources: Sources;
  /** Ends of the ranges of virtual addresses. */
  #virtual: ReadonlySet<string> = new Set();
  #wards: readonly Ward[] = [];
  #scriptUser = 'nobody';
  #peer: PeerReals = NO_PEER;
  #telling: NodeJS.Immediate | undefined;

  constructor(means: WatchMeans) {
    this.#means = means;
    this.#sources = new Sources(means.nowMs);
    this.#wardMeans = {
      words: { service: 'virtual_server', real: 'real server' },
      ...means,
      ask: (check, target) => this.#limiter.take(() => this.#ask(check, target)),
      run: (command, env) => runHook(this.#scriptUser, command, env, means.log()),
      changed: () => {
        this.#telling ??= setImmediate(() => this.#tell());
      },
    };
  }

  /** Watches the real servers of this configuration from now on, and no others; those that were watched before keep their state. */
  follow({ virtualServers, scriptUser }: Pick<L4Model, 'virtualServers' | 'scriptUser'>): void {
    this.#scriptUser = scriptUser;
    this.#virtual = new Set(
      virtualServers.flatMap(({ addresses }) => addresses.flatMap(({ first, last }) => [first, last])),
    );
    const old = this.#wards;
    const kept = new Set<Ward>();
    this.#wards = virtualServers.map(server => {
      const ward =
        old.find(one => !kept.has(one) && isSuccessor(server, one.server)) ??
        new Ward(server, this.#wardMeans);
      kept.add(ward);
      ward.follow(server);
      return ward;
    });
    for (const ward of old) if (!kept.has(ward)) ward.close();
    this.hearPeer(this.#peer);
  }

  /** What the other director has told of real servers. */
  hearPeer(peer: PeerReals): void {
    this.#peer = peer;
    for (const ward of this.#wards)
      ward.hearPeer(peer.size === 0 ? undefined : peerRealsOf(peer, endpointsOf(ward.server.addresses)));
  }

  /** Checks that have had no answer yet: what is known of their real servers is what the other director says, or a guess. */
  get unanswered(): number {
    return this.#wards.reduce((sum, ward) => sum + ward.unanswered, 0);
  }

  get conditions(): Conditions {
    return new Map(this.#wards.map(({ server, condition }) => [server.name, condition]));
  }

  /** Checks that were failed, by virtual server and real server. */
  get failedChecks(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return new Map(this.#wards.map(({ server, failedChecks }) => [server.name, failedChecks]));
  }

  #ask({ question, timeoutMs }: L4CheckModel, target: ProbeTarget): Promise<Outcome> {
    const means = { timeoutMs, scriptUser: this.#scriptUser, pinger: this.#pinger };
    const plainly = (whom: ProbeTarget) => ask(question, whom, means);
    if (target.path) return askThroughVirtual(target, target.path, this.#means.steer, plainly);
    const from = target.from ?? this.#sources.of(target.address, address => this.#virtual.has(address));
    return plainly({ ...target, from });
  }

  #tell(): void {
    this.#telling = undefined;
    this.#means.changed(this.conditions);
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#telling);
    for (const ward of this.#wards) ward.close();
    this.#wards = [];
    this.#pinger[Symbol.dispose]();
  }
}

/** Its first address tells a virtual server: others may come and go. */
function isSuccessor(now: VirtualServerModel, before: VirtualServerModel): boolean {
  return headOf(now) === headOf(before);
}

const headOf = ({ addresses: [first] }: VirtualServerModel): string =>
  `${first!.protocol} ${first!.first} ${first!.firstPort}`;
