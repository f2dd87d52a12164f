/** What is known of real servers while moat runs, beside their configuration. */
import type { RealServerModel, VirtualServerModel } from '#model/l4/virtual-server.ts';

export interface RealCondition {
  /** Whether it passes its checks; those that are not checked live, and a command may say otherwise. */
  readonly alive: boolean;
  /** From a check with dynamic weight, or from a command; undefined: the configured one holds. */
  readonly weight: number | undefined;
  /** `over`: the deadline has passed. */
  readonly drain: 'no' | 'draining' | 'over';
  /** Dead, but the other director says that it lives, and this one has not asked often enough since: its flows go on. */
  readonly isContested?: boolean;
}

export interface ServiceCondition {
  /** Whether enough weight lives. */
  readonly quorum: boolean;
  /** By name; those that are not named are as in their configuration. */
  readonly reals: ReadonlyMap<string, RealCondition>;
}

/** By name; those that are not named have their quorum. */
export type Conditions = ReadonlyMap<string, ServiceCondition>;

/** Of a real server that nothing is known of. */
export const conditionOf = (
  { name, state, health }: Pick<RealServerModel, 'name' | 'state' | 'health'>,
  service: ServiceCondition | undefined,
): RealCondition =>
  service?.reals.get(name) ?? {
    alive: health !== 'down',
    weight: undefined,
    drain: state === 'drain' ? 'draining' : 'no',
  };

/** The weight of those that live and take new flows: what the quorum is held against. */
export function livingWeight(
  { realServers }: VirtualServerModel,
  service: ServiceCondition | undefined,
): number {
  return realServers.reduce((sum, real) => {
    const { alive, weight = real.weight, drain } = conditionOf(real, service);
    return alive && drain === 'no' && real.state === 'ready' ? sum + weight : sum;
  }, 0);
}
