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
   * @returns until when nobody else gets it: ms of the clock that was handed in @throws {Error} with the reason why not
   */
  ask(): Promise<number>;
  /** Others may have it now. Never fails: it ends by itself, too. */
  giveBack(): Promise<void>;
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
