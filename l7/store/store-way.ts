/** A way by which nodes share what they know: among themselves, or through Redis. */
import type { Log } from '#kit/log.ts';
import type { StoreFigures } from './figures.ts';
import type { TicketClaim } from './records.ts';
import type { ZoneShare } from './zone-share.ts';

export interface StoreWay {
  /** What is shared from now on. */
  share(zones: readonly ZoneShare[]): void;
  /** Somebody was banned here, or a ban was lifted. */
  bansChanged(): void;
  figures(): StoreFigures;
  close(): void;
}

/** What becomes of ticket keys that another node has: `apart`, they are of another day. */
export type Offered = 'taken' | 'left' | 'apart';

/** What each way may do. */
export interface WayMeans {
  readonly log: () => Log;
  readonly claim: () => TicketClaim;
  readonly offer: (claim: TicketClaim) => Offered;
  /** Tells what is so about something, unless that was so before. */
  readonly say: (about: string, what: string, tell: () => void) => void;
}
