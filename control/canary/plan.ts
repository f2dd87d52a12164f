/** How a canary is tried: for how long, with how much of the traffic, and what counts as worse. */

/** As it is wished for; what is absent has a default. */
export interface CanaryWish {
  readonly lengthMs: number;
  /** Of 100 new connections. */
  readonly sharePercent?: number | undefined;
  /** So many of 100 requests may fail more than with the others. */
  readonly errorsPercent?: number | undefined;
  /** So much slower it may be than the others. */
  readonly latencyMs?: number | undefined;
  /** So many times as bad as the others it may be; a canary that is worse is so by this bound and by the one above. */
  readonly factor?: number | undefined;
  /** Before it is judged. */
  readonly leastRequests?: number | undefined;
  /** What is done when it has had fewer by the end. */
  readonly few?: FewChoice | undefined;
}

export const FEW_CHOICES = ['abandon', 'apply'] as const;
export type FewChoice = (typeof FEW_CHOICES)[number];

export type CanaryPlan = { readonly [K in keyof Required<CanaryWish>]: Exclude<CanaryWish[K], undefined> };

/** What a value may be, both ends included. */
export const CANARY_BOUNDS = {
  lengthMs: [1000, 24 * 3_600_000],
  sharePercent: [1, 50],
  errorsPercent: [0, 100],
  latencyMs: [0, 3_600_000],
  factor: [1, 1000],
  leastRequests: [1, 1_000_000],
} as const satisfies Partial<Record<keyof CanaryWish, readonly [number, number]>>;

export const CANARY_DEFAULTS = {
  sharePercent: 10,
  errorsPercent: 1,
  latencyMs: 50,
  factor: 2,
  leastRequests: 100,
  few: 'abandon',
} as const;

export const planOf = (wish: CanaryWish): CanaryPlan => ({
  lengthMs: wish.lengthMs,
  sharePercent: wish.sharePercent ?? CANARY_DEFAULTS.sharePercent,
  errorsPercent: wish.errorsPercent ?? CANARY_DEFAULTS.errorsPercent,
  latencyMs: wish.latencyMs ?? CANARY_DEFAULTS.latencyMs,
  factor: wish.factor ?? CANARY_DEFAULTS.factor,
  leastRequests: wish.leastRequests ?? CANARY_DEFAULTS.leastRequests,
  few: wish.few ?? CANARY_DEFAULTS.few,
});
