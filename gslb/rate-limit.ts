/** How much one network of clients is answered over UDP: who forges the source of a query must not make us flood its owner. */
import { addressBytes } from '#kit/address-bytes.ts';
import type { GslbRateLimit } from '#model/gslb.ts';

/** `slip`: an empty answer that says "come by TCP", which a forged source cannot. */
export type Verdict = 'answer' | 'slip' | 'drop';

interface Bucket {
  tokens: number;
  filledMs: number;
  refused: number;
}

/** Networks that are remembered: those that are silent longest are forgotten. */
const MOST_NETWORKS = 65_536;
const PREFIX_BYTES = { 4: 3, 16: 7 } as const;

export class RateLimit {
  readonly #limit: GslbRateLimit;
  /** The one that was silent longest is the first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: GslbRateLimit) {
    this.#limit = limit;
  }

  take(source: string, nowMs: number): Verdict {
    const { perSecond, burst, slip } = this.#limit;
    const key = networkOf(source);
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledMs: nowMs, refused: 0 };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.filledMs) * perSecond) / 1000);
    bucket.filledMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_NETWORKS) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens >= 1) {
      bucket.tokens--;
      return 'answer';
    }
    bucket.refused++;
    return slip > 0 && bucket.refused % slip === 0 ? 'slip' : 'drop';
  }
}

/** /24 of IPv4, /56 of IPv6. */
function networkOf(source: string): string {
  const bytes = addressBytes(source.split('%')[0]!);
  return Buffer.from(bytes.subarray(0, PREFIX_BYTES[bytes.length === 4 ? 4 : 16])).latin1Slice();
}
