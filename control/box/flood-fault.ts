/** A SYN flood as a fault: bounded, from addresses that nobody has, against the site's port. */
import { monotonicMs } from '#kit/monotonic.ts';
import type { Box } from './box.ts';
import { synLimitOf } from './configuration.ts';
import type { Strike } from './fault.ts';

/** Packets that directors have dropped by `limit source`. */
export async function limited(box: Box): Promise<number> {
  const told = await box.look();
  return told.reduce((sum, { reasons }) => sum + reasons['limit-source-syn'], 0);
}

/** The first second of each source has its burst; and what is lost in queues on the way is not told from what passes. */
const BURST_S = 1;
const LENIENCE = 2;

export const flood: Strike = async (box, findings) => {
  const before = await limited(box);
  const beganMs = monotonicMs();
  const sent = await box.flood();
  const seconds = (monotonicMs() - beganMs) / 1000;
  if (!sent) throw new Error('the attacker has sent nothing');
  if (box.plan.directors === 0) {
    findings.note(`${sent} SYN`);
    return undefined;
  }
  const dropped = (await limited(box)) - before;
  findings.note(`${dropped} of ${sent} SYN dropped by the limit of each source`);
  // On a busy machine the attacker sends less: what counts is what the limit lets pass, not how much of it all that is.
  const most = Math.ceil(synLimitOf(box.plan) * box.plan.nobody.length * (seconds + BURST_S) * LENIENCE);
  const passed = sent - dropped;
  if (passed > most)
    findings.wrong(`the directors let ${passed} of ${sent} SYN pass, which is more than ${most}`);
  return undefined;
};
