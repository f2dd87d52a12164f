/** When to renew, and when to try again: pure. Everything goes by the life of the certificate, whether it has six days or ninety. */

/** When the authority wants the certificate renewed (RFC 9773 §4.2); ms since 1970. */
export interface RenewalWindow {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Life {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Of the life: then it is renewed where the authority has no window. */
const RENEWED_AT = 2 / 3;
/** And up to so much later, so that not all come at once. */
const SPREAD = 1 / 50;

/** @param random 0 up to 1, the same for as long as the window is the same */
export function renewalAtMs(
  { notBeforeMs, notAfterMs }: Life,
  window: RenewalWindow | undefined,
  random: number,
): number {
  if (window) return window.startMs + random * (window.endMs - window.startMs);
  return notBeforeMs + (RENEWED_AT + SPREAD * random) * (notAfterMs - notBeforeMs);
}

const HOUR_MS = 3_600_000;
const LEAST_MS = 60_000;

/** A certificate is renewed no earlier than so long after it came, whatever the authority says of it. */
export const leastMs = (lifeMs: number): number => Math.max(LEAST_MS, Math.min(HOUR_MS, lifeMs / 6));

const FIRST_PAUSE_MS = 60_000;
const MOST_PAUSE_MS = 4 * 3_600_000;
/** Where so much of what is left would be waited for, it is less. */
const OF_WHAT_IS_LEFT = 1 / 10;
/** An authority that speaks of limits and not of when counts by the hour at least. */
const LIMITED_MS = 3_600_000;

export interface Failure {
  /** In a row, this one included. */
  readonly count: number;
  readonly retryAfterMs: number | undefined;
  readonly isLimited: boolean;
  /** Of the certificate that is shown; undefined: it is a stand-in. */
  readonly leftMs: number | undefined;
}

/** @param random 0 up to 1 */
export function pauseMs({ count, retryAfterMs, isLimited, leftMs }: Failure, random: number): number {
  const most =
    leftMs === undefined
      ? MOST_PAUSE_MS
      : Math.min(MOST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, leftMs * OF_WHAT_IS_LEFT));
  const grown = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(count - 1, 16), most) * (0.8 + 0.4 * random);
  return Math.max(grown, retryAfterMs ?? (isLimited ? LIMITED_MS : 0));
}

const LOOK_MS = { least: 600_000, most: 86_400_000, standard: 6 * 3_600_000 };

/** Until the authority is asked again when it wants the renewal. @param lifeMs a short one is looked at more often */
export const lookMs = (retryAfterMs: number | undefined, lifeMs: number): number =>
  Math.min(
    Math.max(retryAfterMs ?? LOOK_MS.standard, LOOK_MS.least),
    LOOK_MS.most,
    Math.max(LOOK_MS.least, lifeMs / 10),
  );
