/** What control and the L4 process say to each other. */
import type { ChildAnswer, ChildLog } from '#kit/asked-child.ts';
import type { L4Model } from '#model/l4/l4.ts';

export type ToDirector =
  | { readonly kind: 'configure'; readonly model: L4Model }
  /** Answered by L4Figures. */
  | { readonly kind: 'figures' }
  /** Answered by pieces of JSON, a list of NamedFlow each; so many flows at most. */
  | { readonly kind: 'flows'; readonly most: number }
  /** Ends; takes the programs off before, unless an earlier life of moat had put some there. */
  | { readonly kind: 'withdraw' }
  /** Writes nothing more, keeps the lease until another process does, and ends. */
  | { readonly kind: 'hand-over' }
  /** Takes the programs off, and ends. */
  | { readonly kind: 'remove' };

export type FromDirector = ChildAnswer | ChildLog;
