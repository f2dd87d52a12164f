/** What an operator has said of real servers by command: it goes before their lines until it is taken back, or a line says something new. Pure. */
import type { L4Model } from '#model/l4/l4.ts';
import type { RealServerModel, VirtualServerModel } from '#model/l4/virtual-server.ts';

export type Order =
  /** As the word `drain` on its line. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'weight'; readonly weight: number }
  /** Its line holds again. */
  | { readonly kind: 'resume' };

/** What a line says of what a command may say otherwise. */
export type LineSays = Pick<RealServerModel, 'weight' | 'state'>;

/** A real server that is meant, and what its line says now. */
export interface Target {
  readonly virtualServer: string;
  readonly realServer: string;
  readonly line: LineSays;
}

/** `line`: as it was when this was said. */
export interface Override extends Target {
  readonly drains: boolean;
  /** Undefined: that of its line. */
  readonly weight: number | undefined;
}

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
        .map(real => ({ virtualServer: server.name, realServer: real.name, line: lineOf(real) })),
    );
}

const lineOf = ({ weight, state }: RealServerModel): LineSays => ({ weight, state });

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

/** Parts those whose line says what it said from those whose line says something else, or is gone: who wrote it has had the last word. */
export function partOverrides(
  model: L4Model,
  overrides: readonly Override[],
): { readonly kept: readonly Override[]; readonly outdated: readonly Override[] } {
  const lines = new Map(
    model.virtualServers.flatMap(({ name, realServers }) =>
      realServers.map(real => [`${name}\n${real.name}`, lineOf(real)] as const),
    ),
  );
  const holds = ({ virtualServer, realServer, line }: Override) => {
    const now = lines.get(`${virtualServer}\n${realServer}`);
    return now !== undefined && now.weight === line.weight && now.state === line.state;
  };
  return { kept: overrides.filter(holds), outdated: overrides.filter(one => !holds(one)) };
}

/** The configuration as the overrides have it. */
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
