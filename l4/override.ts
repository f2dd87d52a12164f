/** What an operator has said of real servers while moat runs: it goes before their lines until it is taken back, or moat ends. Pure. */
import type { L4Model } from '#model/l4/l4.ts';
import type { RealServerModel, VirtualServerModel } from '#model/l4/virtual-server.ts';

export type Order =
  /** As the word `drain` on its line. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'weight'; readonly weight: number }
  /** Its line holds again. */
  | { readonly kind: 'resume' };

export interface Override {
  readonly virtualServer: string;
  readonly realServer: string;
  readonly drains: boolean;
  /** Undefined: that of its line. */
  readonly weight: number | undefined;
}

export type Target = Pick<Override, 'virtualServer' | 'realServer'>;

/**
 * The real servers that are meant.
 *
 * @param real as on its line, or its address
 * @param service one of its addresses as on its line, or all its words; undefined: wherever the real server is
 */
export function findReals(model: L4Model, real: string, service?: string): Target[] {
  return model.virtualServers
    .filter(server => service === undefined || isCalled(server, service))
    .flatMap(server =>
      server.realServers
        .filter(({ name, address }) => name === real || address === real)
        .map(({ name }) => ({ virtualServer: server.name, realServer: name })),
    );
}

const isCalled = ({ name }: VirtualServerModel, word: string): boolean =>
  name === word || name.split(' ').includes(word);

/** Adds what is said of these real servers to what was said before. */
export function withOrder(
  overrides: readonly Override[],
  targets: readonly Target[],
  order: Order,
): Override[] {
  const isMeant = (one: Target) => targets.some(target => isSame(one, target));
  const others = overrides.filter(one => !isMeant(one));
  if (order.kind === 'resume') return others;
  const changed = targets.map((target): Override => {
    const { drains = false, weight } = overrides.find(one => isSame(one, target)) ?? {};
    return order.kind === 'drain'
      ? { ...target, drains: true, weight }
      : { ...target, drains, weight: order.weight };
  });
  return [...others, ...changed];
}

const isSame = (a: Target, b: Target): boolean =>
  a.virtualServer === b.virtualServer && a.realServer === b.realServer;

/** The configuration as the overrides have it; what they say of real servers that are gone is passed over. */
export function withOverrides(model: L4Model, overrides: readonly Override[]): L4Model {
  if (overrides.length === 0) return model;
  const virtualServers = model.virtualServers.map(server => {
    const own = overrides.filter(({ virtualServer }) => virtualServer === server.name);
    if (own.length === 0) return server;
    return { ...server, realServers: server.realServers.map(real => overridden(real, own)) };
  });
  return { ...model, virtualServers };
}

function overridden(real: RealServerModel, overrides: readonly Override[]): RealServerModel {
  const found = overrides.find(({ realServer }) => realServer === real.name);
  if (!found) return real;
  const state = found.drains && real.state === 'ready' ? 'drain' : real.state;
  return { ...real, state, weight: found.weight ?? real.weight };
}
