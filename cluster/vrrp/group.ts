/** Sync groups: instances that are active together, or not at all. */
import type { SyncGroupModel } from '#model/cluster/vrrp.ts';
import type { Instance } from './instance.ts';
import type { Effect } from './state.ts';

/** The key of faults that come from another member. */
const GROUP = 'group';

export class SyncGroup {
  readonly model: SyncGroupModel;
  readonly members: readonly Instance[];

  constructor(model: SyncGroupModel, members: readonly Instance[]) {
    this.model = model;
    this.members = members;
  }

  has(instance: Instance): boolean {
    return this.members.includes(instance);
  }

  /** A member went elsewhere: the others follow. */
  changed(instance: Instance, { from, to }: Extract<Effect, { kind: 'changed' }>): void {
    const reason = `with ${instance.model.name} of its group ${this.model.name}`;
    const others = this.members.filter(member => member !== instance);
    if (to === 'active')
      for (const other of others) {
        // It was barred when its time came a moment before this one's: by this one, which heard then.
        other.bar(this.barredBy(other));
        other.feed({ kind: 'follow', to: 'active', reason });
      }
    if (to === 'backup' && from === 'active')
      for (const other of others) other.feed({ kind: 'follow', to: 'backup', reason });
    this.settle();
  }

  /** One member with a fault of its own keeps all out of the election. */
  settle(): void {
    const faulty = this.members.find(member => member.faultBeside(GROUP) !== undefined);
    for (const member of this.members) {
      if (!faulty || member.faultBeside(GROUP) !== undefined) member.clear(GROUP);
      else if (member.faultBeside() === undefined)
        member.fault(GROUP, `${faulty.model.name} of its group: ${faulty.faultBeside(GROUP)}`);
    }
  }

  /**
   * Nobody becomes active while another member still hears an active router: then a path has failed, not a peer.
   *
   * @returns why, or undefined: it may
   */
  barredBy(instance: Instance): string | undefined {
    const hearing = this.members.find(member => member !== instance && member.hearsActive());
    return hearing && `${hearing.model.name} of its group still hears an active router`;
  }
}

/** Gives away instances that move as one; or takes them back, where they were given away. @returns what was done, in words */
function giveAway(together: readonly Instance[]): string[] {
  const active = together.filter(({ state }) => state.kind === 'active');
  const yielding = together.filter(({ state }) => state.yielding);
  // The first one takes the others with it, which are to remember it, too.
  for (const instance of active) instance.feed({ kind: 'yield', reason: 'failover by command' });
  if (active.length > 0)
    return active.map(
      ({ model }) =>
        `${model.name}: given away; it stays so until the other router goes, or failover is said again`,
    );
  for (const instance of yielding) instance.feed({ kind: 'claim' });
  return yielding.map(({ model }) => `${model.name}: it may be taken back`);
}

/** @param name of the instance that is meant; undefined: all @returns what was done, in words @throws {Error} when there is nothing that it could be done to */
export function failOver(
  instances: readonly Instance[],
  groupOf: (instance: Instance) => SyncGroup | undefined,
  name: string | undefined,
): string[] {
  const meant = instances.filter(({ model }) => name === undefined || model.name === name);
  if (meant.length === 0)
    throw new Error(name ? `there is no vrrp_instance ${name}` : 'there is no vrrp_instance');
  const elected = meant.filter(({ model }) => model.election);
  if (elected.length === 0)
    throw new Error(
      'there is no election, and nobody to give them to: moat vrrp maintenance on takes them off',
    );
  const units = new Set(elected.map(instance => groupOf(instance) ?? instance));
  const done = [...units].flatMap(unit => giveAway(unit instanceof SyncGroup ? unit.members : [unit]));
  if (done.length === 0)
    throw new Error('this node is active in none of them: give the command where it is active');
  return done;
}
