/** A real server: drained, disabled, forced up or down, given a weight, by the orders that `moat l4` gives. */
import type { Said } from '#l4';
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

export const L4_REAL: Change<RealWish> = {
  state: stateOf,
  after: stateOf,
  async act(wish, applier, before) {
    const said = wantedOf(wish, before as RealState);
    await applier.l4.override({ kind: 'say', said }, wish.real, wish.service);
  },
};

/** What is to stand at the end: null takes back what was said. @throws {Refusal} when a command cannot bring it there */
function wantedOf(wish: RealWish, { line, command }: RealState): Said {
  const { state = command?.state, health = command?.health, weight = command?.weight } = wish;
  if (wish.state === 'drain' && line.state === 'down')
    throw refuse(409, 'configured', 'its line says down: it has nothing to drain');
  const isOfLine = state === line.state || (state === 'disabled' && line.state === 'down');
  return {
    state: isOfLine ? undefined : (state ?? undefined),
    health: health ?? undefined,
    weight: weight ?? undefined,
  };
}
