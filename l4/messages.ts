/** What control and the L4 process say to each other. */
import type { L4Model } from '#model/l4/l4.ts';

export type ToDirector =
  | { readonly id: number; readonly kind: 'configure'; readonly model: L4Model }
  /** Answered by L4Figures. */
  | { readonly id: number; readonly kind: 'figures' }
  /** Answered by pieces of JSON, a list of NamedFlow each; so many flows at most. */
  | { readonly id: number; readonly kind: 'flows'; readonly most: number }
  /** Ends; takes the programs off before, unless an earlier life of moat had put some there. */
  | { readonly id: number; readonly kind: 'withdraw' }
  /** Writes nothing more, keeps the lease until another process does, and ends. */
  | { readonly id: number; readonly kind: 'hand-over' }
  /** Takes the programs off, and ends. */
  | { readonly id: number; readonly kind: 'remove' };

export type FromDirector =
  /** An answer; `fault` says why it was refused. */
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly fault: string | undefined;
      readonly value?: unknown;
    }
  | { readonly kind: 'log'; readonly level: 'error' | 'warn' | 'notice'; readonly message: string };
