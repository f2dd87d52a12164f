/** Bans of limit_ban: made and lifted, by the orders that `moat waf bans` gives. */
import type { Applier } from '../../apply.ts';
import { notThere } from '../refusal.ts';
import type { Change, WishOf } from './changes.ts';

/** Who is banned, and until when, by zone. */
async function listOf({ bans }: Applier) {
  const zones = await bans.sync();
  return zones.map(({ zone, bans: list }) => ({
    zone,
    bans: list
      .filter(({ untilMs }) => untilMs > Date.now())
      .map(({ key, untilMs }) => ({ key, untilMs }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
  }));
}

/** The state is that of the whole list, to which one is added. */
const listState = (_: WishOf<'ban'>, applier: Applier) => listOf(applier);

export const BAN: Change<WishOf<'ban'>> = {
  state: listState,
  after: listState,
  async tell({ key }, applier) {
    return (await listOf(applier)).flatMap(({ zone, bans }) =>
      bans.filter(ban => ban.key === key).map(({ untilMs }) => ({ zone, key, untilMs })),
    );
  },
  async act({ key, zone, lengthMs }, { bans }) {
    await bans.order({ kind: 'add', key, zone, lengthMs });
  },
};

async function oneBan({ zone: name, key }: WishOf<'unban'>, applier: Applier) {
  const found = (await listOf(applier)).find(({ zone }) => zone === name)?.bans.find(ban => ban.key === key);
  if (!found) throw notThere(`"${key}" is not banned in zone "${name}"`);
  return { zone: name, key, untilMs: found.untilMs };
}

export const UNBAN: Change<WishOf<'unban'>> = {
  state: oneBan,
  after: () => Promise.resolve(null),
  async act({ zone, key }, { bans }) {
    await bans.order({ kind: 'remove', key, zone, lengthMs: undefined });
  },
};
