/** What an operator has said of real servers by command: it goes before their lines until it is taken back, or a line says something new. Pure. */
import type { L4Model } from '#model/l4/l4.ts';
import {
  type ForcedHealth,
  L4_PROTOCOLS,
  type RealServerModel,
  type RealServerState,
  type VirtualServerModel,
} from '#model/l4/virtual-server.ts';

/** `disabled`: as the word `down` on its line. */
export const COMMANDED_STATES = ['ready', 'drain', 'disabled'] as const;
export type CommandedState = (typeof COMMANDED_STATES)[number];

/** What is commanded of a real server; what is undefined is as its line and its checks have it. */
export interface Said {
  readonly state?: CommandedState | undefined;
  readonly health?: ForcedHealth | undefined;
  readonly weight?: number | undefined;
}

export type Order =
  /** One of these, beside what was said of it before. */
  | { readonly kind: 'drain' | 'disable' | 'ready' | ForcedHealth }
  | { readonly kind: 'weight'; readonly weight: number }
  /** This, instead of all that was said of it before. */
  | { readonly kind: 'say'; readonly said: Said }
  /** Its line and its checks hold again. */
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
export interface Override extends Target, Said {}

/**
 * The real servers that are meant: one of each virtual server that has it.
 *
 * @param real as on its line, or its address where no line is just that
 * @param service one of its addresses as on its line, or all its words; undefined: wherever the real server is
 * @throws {Error} with those that could be meant, where an address is that of several real servers of one virtual server, or
 *   `service` is an address of several virtual servers
 */
export function findReals(model: L4Model, real: string, service?: string): Target[] {
  const found = serversOf(model, service).flatMap(server =>
    realsOf(server, real).map(one => ({
      virtualServer: server.name,
      realServer: one.name,
      line: lineOf(one),
    })),
  );
  const services = new Set(found.map(({ virtualServer }) => virtualServer));
  if (service !== undefined && services.size > 1)
    throw new Error(`"${service}" is of several virtual servers: say "${[...services].join('" or "')}"`);
  for (const name of services) {
    const choices = found.filter(({ virtualServer }) => virtualServer === name);
    if (choices.length > 1)
      throw new Error(
        `"${real}" is several real servers of ${name}: say ${choices.map(one => one.realServer).join(' or ')}`,
      );
  }
  return found;
}

function serversOf({ virtualServers }: L4Model, word: string | undefined): readonly VirtualServerModel[] {
  if (word === undefined) return virtualServers;
  const exact = virtualServers.filter(({ name }) => name === word);
  return exact.length > 0 ? exact : virtualServers.filter(({ name }) => addressWords(name).includes(word));
}

const addressWords = (name: string): string[] =>
  name.split(' ').filter(word => !L4_PROTOCOLS.some(protocol => protocol === word));

function realsOf({ realServers }: VirtualServerModel, word: string): readonly RealServerModel[] {
  const exact = realServers.filter(({ name }) => name === word);
  return exact.length > 0 ? exact : realServers.filter(({ address }) => address === word);
}

const lineOf = ({ weight, state }: RealServerModel): LineSays => ({ weight, state });

/** Adds what is said of these real servers to what was said before. */
export function withOrder(
  overrides: readonly Override[],
  targets: readonly Target[],
  order: Order,
): Override[] {
  const isMeant = (one: Target) => targets.some(target => isSame(one, target));
  const others = overrides.filter(one => !isMeant(one));
  const changed = targets.flatMap((target): Override[] => {
    const said = saidAfter(saidOf(overrides.find(one => isSame(one, target)) ?? {}), order);
    return isNothing(said) ? [] : [{ ...target, ...said }];
  });
  return [...others, ...changed];
}

function saidAfter(before: Said, order: Order): Said {
  switch (order.kind) {
    case 'drain':
    case 'ready':
      return { ...before, state: order.kind };
    case 'disable':
      return { ...before, state: 'disabled' };
    case 'up':
    case 'down':
      return { ...before, health: order.kind };
    case 'weight':
      return { ...before, weight: order.weight };
    case 'say':
      return saidOf(order.said);
    case 'resume':
      return {};
  }
}

/** As logs and lists have it: `drain, health up, weight 3`; nothing of what is as its line and its checks say. */
export function saidTexts({ state, health, weight }: Said): string[] {
  return [
    ...(state === undefined ? [] : [state]),
    ...(health === undefined ? [] : [`health ${health}`]),
    ...(weight === undefined ? [] : [`weight ${weight}`]),
  ];
}

/** As logs have it. */
export function orderText(order: Order): string {
  if (order.kind === 'say') return saidTexts(order.said).join(', ') || 'resume';
  return order.kind === 'weight' ? `weight ${order.weight}` : order.kind;
}

/** Without what else an override holds. */
export const saidOf = ({ state, health, weight }: Said): Said => ({ state, health, weight });

export const isNothing = ({ state, health, weight }: Said): boolean =>
  state === undefined && health === undefined && weight === undefined;

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
  const { health, weight = real.weight } = found;
  return { ...real, state: stateOf(real, found), weight, health };
}

/** What is down has nothing to drain. */
function stateOf({ state: line }: LineSays, { state }: Said): RealServerState {
  if (state === 'disabled' || (state === 'drain' && line === 'down')) return 'down';
  return state ?? line;
}
