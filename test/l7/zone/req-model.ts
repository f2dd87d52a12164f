/** limit_req as one would write it down without shared memory: a map, whole numbers, one limit after the other. */

export type ModelZone = {
  readonly rate: bigint;
  readonly buckets: Map<string, { excess: bigint; lastMs: bigint }>;
};
export type ModelLimit = {
  readonly zone: ModelZone;
  readonly burst: bigint;
  readonly delay: bigint | undefined;
};
export type ModelAnswer = { verdict: string; delayMs: number; zoneIndex: number };

export function modelZone(rate: number): ModelZone {
  return { rate: BigInt(rate), buckets: new Map() };
}

/** Elapsed time as nginx reckons it: a clock that steps back by a minute or less stands still. */
function elapsed(nowMs: bigint, lastMs: bigint): bigint {
  const ms = nowMs - lastMs;
  if (ms < -60_000n) return 1n;
  return ms < 0n ? 0n : ms;
}

/** The excess with one more request; the first request of a key has none. */
function excessOf(zone: ModelZone, key: string, nowMs: bigint): bigint {
  const bucket = zone.buckets.get(key);
  if (!bucket) return 0n;
  const excess = bucket.excess - (zone.rate * elapsed(nowMs, bucket.lastMs)) / 1000n + 1000n;
  return excess < 0n ? 0n : excess;
}

function count(zone: ModelZone, key: string, nowMs: bigint): bigint {
  const excess = excessOf(zone, key, nowMs);
  const bucket = zone.buckets.get(key);
  const lastMs = bucket && elapsed(nowMs, bucket.lastMs) === 0n ? bucket.lastMs : nowMs;
  zone.buckets.set(key, { excess, lastMs });
  return excess;
}

export function modelAccount(
  limits: readonly ModelLimit[],
  keys: readonly string[],
  now: number,
): ModelAnswer {
  const nowMs = BigInt(now);
  const asked = limits.flatMap((limit, index) =>
    keys[index] ? [{ ...limit, index, key: keys[index] }] : [],
  );
  const refused = asked.find(({ zone, key, burst }) => excessOf(zone, key, nowMs) > burst);
  if (refused) return { verdict: 'reject', delayMs: 0, zoneIndex: refused.index };
  const answer: ModelAnswer = { verdict: 'pass', delayMs: 0, zoneIndex: asked.at(-1)?.index ?? -1 };
  for (const { zone, key, delay, index } of asked.reverse()) {
    const excess = count(zone, key, nowMs);
    if (delay === undefined || excess <= delay) continue;
    const delayMs = Number(((excess - delay) * 1000n) / zone.rate);
    if (delayMs > answer.delayMs) Object.assign(answer, { verdict: 'delay', delayMs, zoneIndex: index });
  }
  return answer;
}
