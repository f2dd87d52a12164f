/** Addresses that go from one node to the other while both live: who preempts asks for them, and who should not have them gives them. */
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { Instance } from '../vrrp/instance.ts';
import type { Peer } from './peer.ts';
import type { Right } from './right.ts';
import type { InstanceSays } from './says.ts';

export interface HandOverOptions {
  readonly peer: Peer;
  readonly right: Right;
  /** What this node is and wants is said now. */
  beat(): void;
}

export class HandOver {
  readonly #model: HeartbeatModel;
  readonly #options: HandOverOptions;
  /** Instances that ask the other one to hand over. */
  readonly #wants = new Set<string>();

  constructor(model: HeartbeatModel, options: HandOverOptions) {
    this.#model = model;
    this.#options = options;
  }

  isWanted(name: string): boolean {
    return this.#wants.has(name);
  }

  /** Why this instance must not become active now; undefined: it may. */
  barredBy(instance: Instance): string | undefined {
    const { peer, right } = this.#options;
    const { name } = instance.model;
    const says = peer.saysOf(name);
    const isThere = says?.state === 'active' && right.isHeard;
    const preempts = instance.state.kind === 'backup' && instance.state.outranks !== undefined;
    if (!isThere || !preempts) this.#wants.delete(name);
    if (isThere && preempts) return this.#ask(name);
    const bar = right.barredBy(says && (says.state === 'active' ? 'active' : 'other'));
    return bar?.replace('the other node', peer.name);
  }

  #ask(name: string): string {
    const { peer, beat } = this.#options;
    if (peer.isOtherRevision && !this.#model.preemptOtherRevision)
      return `${peer.name} is active, and has another configuration`;
    if (!this.#wants.has(name)) {
      this.#wants.add(name);
      beat();
    }
    return `${peer.name} is asked to hand over`;
  }

  /** The other one has said something new. */
  heed(instance: Instance): void {
    const { peer } = this.#options;
    const { name } = instance.model;
    const says = peer.saysOf(name);
    const isTheirs = says?.state === 'active';
    if (!says) return;
    if (instance.state.kind === 'active' && (isTheirs || says.wants)) return this.#give(instance, says);
    if (!this.#wants.has(name) || isTheirs) return;
    const by = this.barredBy(instance);
    instance.bar(by);
    if (by === undefined)
      instance.feed({ kind: 'follow', to: 'active', reason: `${peer.name} has handed over` });
  }

  /** Why this node gives way to the other one that is active, whatever their priorities: that one cannot know of it. */
  givesWay(): string | undefined {
    const { peer, right } = this.#options;
    return right.isUnheard ? `${peer.name} is active, too, and does not hear this node` : undefined;
  }

  /** The other one is active as well, or asks for it: who is not heard gives way, then the greater priority has it, and among equals the greater name. */
  #give(instance: Instance, { priority, wants, state }: InstanceSays): void {
    const { name } = this.#options.peer;
    const own = instance.state.own.priority;
    const unheard = state === 'active' ? this.givesWay() : undefined;
    const isGreater = priority > own || (priority === own && name > this.#model.node);
    if (unheard === undefined && !isGreater && !(wants && state !== 'active')) return;
    const compared =
      state === 'active'
        ? `${name} is active, too, with priority ${priority}, and this node has ${own}`
        : `it hands over to ${name}, of priority ${priority}`;
    instance.feed({ kind: 'follow', to: 'backup', reason: unheard ?? compared });
    this.#options.beat();
  }
}
