/** A SYN flood as a fault: bounded, from addresses that nobody has, against the site's port. */
import type { Box } from './box.ts';
import type { Strike } from './fault.ts';

/** Packets that directors have dropped by `limit source`. */
export async function limited(box: Box): Promise<number> {
  const told = await box.look();
  return told.reduce((sum, { reasons }) => sum + reasons['limit-source-syn'], 0);
}

export const flood: Strike = async (box, findings) => {
  const before = await limited(box);
  const sent = await box.flood();
  if (!sent) throw new Error('the attacker has sent nothing');
  if (box.plan.directors === 0) {
    findings.note(`${sent} SYN`);
    return undefined;
  }
  const dropped = (await limited(box)) - before;
  findings.note(`${dropped} of ${sent} SYN dropped by the limit of each source`);
  if (dropped < sent / 2) findings.wrong(`the directors let ${sent - dropped} of ${sent} SYN pass`);
  return undefined;
};
