/** nginx's units: sizes (k m g) and durations (ms s m h d w M y), read and written. */

const SIZE_FACTOR: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const SECOND_MS = 1000;
const DURATION_MS: Record<string, number> = {
  y: 365 * 86_400 * SECOND_MS,
  M: 30 * 86_400 * SECOND_MS,
  w: 7 * 86_400 * SECOND_MS,
  d: 86_400 * SECOND_MS,
  h: 3600 * SECOND_MS,
  m: 60 * SECOND_MS,
  s: SECOND_MS,
  ms: 1,
};
const DURATION_ORDER = ['y', 'M', 'w', 'd', 'h', 'm', 's', 'ms'];

/**
 * Reads a size: digits and one of k, m, g (either case).
 *
 * @returns bytes, or undefined when the text is not a size or leaves the exact integers
 */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+)([kKmMgG]?)$/.exec(text);
  if (!match) return undefined;
  const bytes = Number(match[1]) * SIZE_FACTOR[match[2]!.toLowerCase()]!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Reads a duration: `30`, `1h30m`, `1d 12h`, `500ms`; units only from large to small, each once.
 *
 * @param bareUnitMs what a number without unit counts, in milliseconds (a second, for nearly all directives)
 * @returns milliseconds, or undefined when the text is not a duration
 */
export function parseDurationMs(text: string, bareUnitMs = SECOND_MS): number | undefined {
  if (!/^\s*\d/.test(text)) return undefined;
  let totalMs = 0;
  let lastUnit = -1;
  let rest = text;
  while (rest.trim() !== '') {
    const match = /^\s*(\d+)(ms|[yMwdhms])?/.exec(rest);
    if (!match) return undefined;
    const unit = match[2] === undefined ? -1 : DURATION_ORDER.indexOf(match[2]);
    if (unit === -1 ? rest.trim() !== match[1] : unit <= lastUnit) return undefined;
    totalMs += Number(match[1]) * (unit === -1 ? bareUnitMs : DURATION_MS[match[2]!]!);
    lastUnit = unit;
    rest = rest.slice(match[0].length);
  }
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}
