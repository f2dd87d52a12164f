/** Whose session ticket keys hold among the nodes of a cluster. */
import { seedAt } from '../tls/ticket-keys.ts';
import type { TicketClaim } from './records.ts';
import type { Offered } from './store-way.ts';

/** Keys of hours further apart are those of clocks that differ. */
const PERIODS_APART_MOST = 24;

/**
 * The older ones hold. Of two of the same age, which no one has drawn by chance, the smaller: compared as they are in the same
 * hour, or keys that one node had from the other would not be known again when the hour is over.
 */
export function judgeClaim(theirs: TicketClaim, ours: TicketClaim): Offered {
  const [here, there] = [ours.seed.period, theirs.seed.period];
  if (Math.abs(there - here) > PERIODS_APART_MOST) return 'apart';
  if (theirs.bornMs !== ours.bornMs) return theirs.bornMs > ours.bornMs ? 'left' : 'taken';
  const [our, their] = [ours, theirs].map(({ seed }) => seedAt(seed, Math.max(here, there)).secret);
  return Buffer.compare(their!, our!) >= 0 ? 'left' : 'taken';
}
