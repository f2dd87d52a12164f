/** A real server: drained, taken back, given a weight, by the orders that `moat l4` gives. */
import type { Order } from '#l4';
import type { Applier } from '../../apply.ts';
import { notThere, refuse } from '../refusal.ts';
import type { Change, WishOf } from './changes.ts';

type RealWish = WishOf<'l4-real'>;

/** What an operator has said of it, beside what its line says. */
export interface RealState {
  readonly service: string;
  readonly real: string;
  readonly line: { readonly state: 'ready' | 'drain' | 'down'; readonly weight: number };
  readonly command: Said | undefined;
}

interface Said {
  readonly drains: boolean;
  /** Undefined: that of its line. */
  readonly weight: number | undefined;
}

/** @throws {Refusal} when there is none, or its process is down and does not say */
async function stateOf({ service, real }: RealWish, { l4 }: Applier): Promise<RealState> {
  const virtualServer = l4.model?.virtualServers.find(({ name }) => name === service);
  if (!virtualServer) throw notThere(`there is no virtual server "${service}"`);
  const line = virtualServer.realServers.find(({ name }) => name === real);
  if (!line) throw notThere(`there is no real server "${real}" of "${service}"`);
  const figures = await l4.figures();
  if (!figures)
    throw refuse(503, 'l4-down', 'the L4 process does not answer; packets are forwarded as before');
  const found = figures.services
    .find(({ name }) => name === service)
    ?.reals.find(one => one.name === real && one.state !== 'leaving');
  const { state, weight } = line;
  return { service, real, line: { state, weight }, command: found?.command };
}

/** A command by name means all that have the name or address: one that means two is not for this. */
function refuseAmbiguous({ service, real }: RealWish, { l4 }: Applier): void {
  const reals = l4.model?.virtualServers.find(({ name }) => name === service)?.realServers ?? [];
  if (reals.filter(({ name, address }) => name === real || address === real).length > 1)
    throw refuse(409, 'ambiguous', `"${real}" is the name of one real server and the address of another`);
}

export const L4_REAL: Change<RealWish> = {
  state: stateOf,
  after: stateOf,
  async act(wish, applier, before) {
    const { service, real } = wish;
    const { line, command } = before as RealState;
    const wanted = wantedOf(wish, before as RealState);
    refuseAmbiguous(wish, applier);
    const order = (one: Order) => applier.l4.override(one, real, service);
    let now: Said = { drains: command?.drains ?? false, weight: command?.weight };
    const takesBack = now.drains || (now.weight !== undefined && wanted.weight === undefined);
    if (takesBack && !wanted.drains) {
      await order({ kind: 'resume' });
      now = { drains: false, weight: undefined };
    }
    if (wanted.drains && !now.drains) await order({ kind: 'drain' });
    if (wanted.weight !== now.weight) await order({ kind: 'weight', weight: wanted.weight ?? line.weight });
  },
};

/** What is to stand at the end. @throws {Refusal} when a command cannot bring it there */
function wantedOf({ state, weight }: RealWish, { line, command }: RealState): Said {
  if (state === 'ready' && line.state !== 'ready')
    throw refuse(409, 'configured', `its line says ${line.state}: change the configuration`);
  if (state === 'drain' && line.state === 'down')
    throw refuse(409, 'configured', 'its line says down: it has nothing to drain');
  return {
    drains: state === undefined ? (command?.drains ?? false) : state === 'drain',
    weight: weight === undefined ? command?.weight : (weight ?? undefined),
  };
}
