/** What an operator has said of members of pools by command: it goes before their lines until it is taken back, or a line says something new. Pure. */
import type { BalanceMethod, CommandedMemberState, MemberModel, PoolModel } from '#model/l7/upstream.ts';

/** What is undefined is as the line has it. */
export interface MemberSaid {
  readonly state?: CommandedMemberState | undefined;
  readonly weight?: number | undefined;
}

/** What a line says of what a command may say otherwise. */
export interface MemberLine {
  readonly state: CommandedMemberState;
  readonly weight: number;
}

export type MemberOrder =
  /** One of these, beside what was said before. */
  | { readonly kind: CommandedMemberState }
  | { readonly kind: 'weight'; readonly weight: number }
  /** This, instead of all that was said before. */
  | { readonly kind: 'say'; readonly said: MemberSaid }
  /** Its line holds again; one that was removed is there again. */
  | { readonly kind: 'resume' }
  | { readonly kind: 'remove' }
  /** One that no line has; or, with nothing but the address of one that was removed, that one again. */
  | { readonly kind: 'add'; readonly model: MemberModel };

/** An order, and whom it means: a member by its name as on its line. */
export interface PoolOrder {
  /** Undefined: every pool that has the member. */
  readonly pool?: string | undefined;
  readonly member: string;
  readonly order: MemberOrder;
}

export interface MemberTarget {
  readonly pool: string;
  readonly member: string;
}

/** What is commanded of a member. `line`: as it was when this was said; undefined: no line has it, it was added. */
export interface MemberOverride extends MemberTarget, MemberSaid {
  readonly line: MemberLine | undefined;
  readonly added?: MemberModel | undefined;
  readonly removed?: boolean | undefined;
}

/** Methods that can do nothing with backups and slow starts. */
const PLAIN: readonly BalanceMethod[] = ['ip-hash', 'hash', 'hash-consistent', 'random', 'random-two'];
/** All that is commanded of one moat; each of them is looked at when a pool is made. */
export const MOST_OVERRIDES = 10_000;

export const lineOf = ({ down, drain, weight }: MemberModel): MemberLine => ({
  state: down ? 'down' : drain ? 'drain' : 'ready',
  weight,
});

/** @throws {Error} with the reason when it cannot be done; there is nothing half done then */
export function withMemberOrder(
  overrides: readonly MemberOverride[],
  pool: PoolModel,
  member: string,
  order: MemberOrder,
): readonly MemberOverride[] {
  const isMeant = (one: MemberOverride) => one.pool === pool.name && one.member === member;
  const before = overrides.find(isMeant);
  const line = pool.members.find(({ name }) => name === member);
  if (!line && !before && order.kind !== 'add')
    throw new Error(`pool "${pool.name}" has no member ${member}`);
  const after = overrideAfter({ pool, member, line, before }, order);
  const all = [...overrides.filter(one => !isMeant(one)), ...(after ? [after] : [])];
  if (all.length > MOST_OVERRIDES) throw new Error(`there are ${MOST_OVERRIDES} commands in force already`);
  refuseEmpty(pool, all, order);
  return all;
}

interface Scene {
  readonly pool: PoolModel;
  readonly member: string;
  readonly line: MemberModel | undefined;
  readonly before: MemberOverride | undefined;
}

function overrideAfter(scene: Scene, order: MemberOrder): MemberOverride | undefined {
  const { pool, member, line, before } = scene;
  if (order.kind === 'add') return added(scene, order.model);
  if (order.kind === 'remove') {
    if (before?.removed) throw new Error(`${member} of pool "${pool.name}" is removed already`);
    return line && { pool: pool.name, member, line: lineOf(line), removed: true };
  }
  if (before?.removed && order.kind !== 'resume')
    throw new Error(`${member} of pool "${pool.name}" was removed: add it, or resume it`);
  const said = saidAfter(scene, order);
  if (!before?.added && said.state === undefined && said.weight === undefined) return undefined;
  return {
    ...{ pool: pool.name, member, line: line && lineOf(line), ...said },
    ...(before?.added && { added: before.added }),
  };
}

function added({ pool, member, line, before }: Scene, model: MemberModel): MemberOverride | undefined {
  if (before?.removed && line) {
    const isBare = JSON.stringify(lineOf(model)) === '{"state":"ready","weight":1}';
    if (!isBare)
      throw new Error(`${member} was removed and has a line in the configuration: add it without parameters`);
    return undefined;
  }
  if (line || before) throw new Error(`pool "${pool.name}" has ${member} already`);
  if (PLAIN.includes(pool.balance.method) && (model.backup || model.slowStartMs > 0))
    throw new Error(`the method of pool "${pool.name}" knows neither backup nor slow_start`);
  return { pool: pool.name, member, line: undefined, added: model };
}

function saidAfter(
  { pool, member, line, before }: Scene,
  order: Exclude<MemberOrder, { kind: 'add' | 'remove' }>,
): MemberSaid {
  const was: MemberSaid = { state: before?.state, weight: before?.weight };
  const wanted = wantedOf(was, order);
  const own = line ?? before?.added;
  if (wanted.weight !== undefined && own?.service !== undefined)
    throw new Error(`the weight of ${member} of pool "${pool.name}" is that of its SRV records`);
  const said = own && lineOf(own);
  return {
    state: wanted.state === said?.state ? undefined : wanted.state,
    weight: wanted.weight === said?.weight ? undefined : wanted.weight,
  };
}

function wantedOf(was: MemberSaid, order: Exclude<MemberOrder, { kind: 'add' | 'remove' }>): MemberSaid {
  switch (order.kind) {
    case 'weight':
      return { ...was, weight: order.weight };
    case 'say':
      return order.said;
    case 'resume':
      return {};
    default:
      return { ...was, state: order.kind };
  }
}

/** A pool without a member that could ever be used is no pool: who wants that says down. */
function refuseEmpty(pool: PoolModel, overrides: readonly MemberOverride[], { kind }: MemberOrder): void {
  if (kind !== 'remove') return;
  const { members } = withMemberOverrides(pool, overrides);
  if (members.some(({ backup }) => !backup)) return;
  throw new Error(`it is the last member of pool "${pool.name}" that is no backup: say down instead`);
}

/** Parts those whose line says what it said from those whose line says something else, came, or is gone: who wrote it has had the last word. */
export function partMemberOverrides(
  pools: readonly PoolModel[],
  overrides: readonly MemberOverride[],
): { readonly kept: readonly MemberOverride[]; readonly outdated: readonly MemberOverride[] } {
  if (overrides.length === 0) return { kept: [], outdated: [] };
  const models = new Map(pools.map(pool => [pool.name, pool]));
  const holds = ({ pool, member, line }: MemberOverride) => {
    const model = models.get(pool);
    const now = model?.members.find(({ name }) => name === member);
    if (!model || !now || !line) return model !== undefined && !now && !line;
    const { state, weight } = lineOf(now);
    return state === line.state && weight === line.weight;
  };
  return { kept: overrides.filter(holds), outdated: overrides.filter(one => !holds(one)) };
}

/** The pool as the overrides have it; the same object where they say nothing of it. */
export function withMemberOverrides(pool: PoolModel, overrides: readonly MemberOverride[]): PoolModel {
  const own = overrides.filter(one => one.pool === pool.name);
  if (own.length === 0) return pool;
  const come = own.flatMap(({ added }) => (added ? [added] : []));
  const members = [...pool.members, ...come].flatMap(model => {
    const said = own.find(({ member }) => member === model.name);
    return said?.removed ? [] : [said ? commanded(model, said) : model];
  });
  return { ...pool, members };
}

function commanded(model: MemberModel, { state = lineOf(model).state, weight = model.weight }: MemberSaid) {
  return { ...model, weight, down: state === 'down', drain: state === 'drain' };
}

/** As logs and lists have it: `drain, weight 3`; '' of what is as its line says. */
export function memberSaidText({ state, weight, added, removed }: Partial<MemberOverride>): string {
  return [
    ...(removed ? ['removed'] : []),
    ...(added ? ['added'] : []),
    ...(state === undefined ? [] : [state]),
    ...(weight === undefined ? [] : [`weight ${weight}`]),
  ].join(', ');
}

export function memberOrderText(order: MemberOrder): string {
  if (order.kind === 'say') return memberSaidText(order.said) || 'resume';
  return order.kind === 'weight' ? `weight ${order.weight}` : order.kind;
}
