/** What a flood is told to do. */
export interface FloodOrder {
  readonly to: string;
  readonly port: number;
  readonly from: readonly string[];
  readonly perSecond: number;
  readonly ms: number;
}

/** Enough to be a flood for a limit of a thousand a second and source, and little for one core. */
export const FLOOD = { perSecond: 20_000, ms: 10_000 } as const;
