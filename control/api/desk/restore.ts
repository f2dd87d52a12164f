/** A restore out of an archive that was looked at: all of it by the way that every apply takes. */
import { stageFolder } from '../../backup/commit.ts';
import type { Change, WishOf } from './changes.ts';
import { configState } from './config.ts';

const state: Change<WishOf<'restore'>>['state'] = (_, applier) => configState(applier);

export const RESTORE: Change<WishOf<'restore'>> = {
  ...{ state, after: state },
  async act({ stage, only }, applier, _, who) {
    const { restoreRunning } = await import('../../backup/restore.ts');
    const { invocation } = applier;
    await restoreRunning({ folder: stageFolder(invocation, stage), only }, applier, invocation, {
      who,
      isRoot: false,
    });
  },
};
