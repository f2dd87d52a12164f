/** A third one, who gives the right to the addresses to one node at a time. */
import type { WitnessModel } from '#model/cluster/heartbeat.ts';
import { EtcdWitness } from './etcd.ts';
import { ReachWitness } from './reach.ts';
import { RedisWitness } from './redis.ts';

export interface Witness {
  /** For figures and messages; no secret is in it. */
  readonly name: string;
  /**
   * Asks for the right, or for more time of it.
   *
   * @param mostMs it need not be for longer than that
   * @returns until when nobody else gets it: ms of the clock that was handed in @throws {Error} with the reason why not; {Refusal}
   */
  ask(mostMs?: number): Promise<number>;
  /** Others may have it now. Never fails: it ends by itself, too. */
  giveBack(): Promise<void>;
  /**
   * Gives back what an earlier life of this node has left, whose addresses are gone. Never fails.
   *
   * @param signal aborted when there is a new life, whose right it might be
   */
  forfeit(signal: AbortSignal): Promise<void>;
}

/** Somebody else has it. */
export class Refusal extends Error {
  /** It ends by itself after so long, unless it is renewed; undefined: that is not told. */
  readonly leftMs: number | undefined;

  constructor(reason: string, leftMs: number | undefined) {
    super(reason);
    this.leftMs = leftMs;
  }
}

/** What a witness needs to know. */
export interface WitnessOptions {
  readonly node: string;
  readonly patienceMs: number;
  nowMs(): number;
}

/** No answer in that time is a no. */
const PATIENCE_MS = 1000;

export function newWitness(model: WitnessModel, node: string, nowMs: () => number): Witness {
  const options: WitnessOptions = { node, nowMs, patienceMs: PATIENCE_MS };
  switch (model.type) {
    case 'etcd':
      return new EtcdWitness(model, options);
    case 'redis':
      return new RedisWitness(model, options);
    case 'reach':
      return new ReachWitness(model, options);
  }
}
