/** The configuration: applied, confirmed and rolled back, as `moat apply`, `moat confirm` and `moat rollback` do. */
import type { Applier } from '../../apply.ts';
import { historyOf, shownWish, stateOf } from '../../history/order.ts';
import { unhide } from '../../history/unhide.ts';
import type { Change, WishOf } from './changes.ts';

/** What the ETag is made of: what lies on the disk is not in force, and no part of it. */
export const configState = async (applier: Applier) => {
  const { revision, appliedAtMs, id, unconfirmed } = stateOf(applier);
  return { revision, appliedAtMs, id, unconfirmed };
};

const state = (_: unknown, applier: Applier) => configState(applier);
const say = (wish: object) => shownWish(wish);

type Files = WishOf<'config-apply'>['files'];

/** Texts as they were sent, with the secrets that were hidden from the sender. @throws {Refusal} */
export const wholeFiles = (files: Files, { texts }: Applier): Files =>
  files.map(([path, text]) => [path, unhide(text, texts.get(path) ?? '')]);

export const CONFIG_APPLY: Change<WishOf<'config-apply'>> = {
  ...{ state, after: state, say },
  act: ({ files, ...rest }, applier, _, who) =>
    historyOf(applier).apply({ ...rest, files: wholeFiles(files, applier) }, who),
};

export const CONFIG_CONFIRM: Change<WishOf<'config-confirm'>> = {
  ...{ state, after: state },
  act: (_, applier, __, who) => historyOf(applier).confirm(who),
};

export const CONFIG_ROLLBACK: Change<WishOf<'config-rollback'>> = {
  ...{ state, after: state },
  act: (wish, applier, _, who) => historyOf(applier).rollback(wish, who),
};
