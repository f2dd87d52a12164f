/** Which content codings a client takes (RFC 9110 §12.5.3), read as nginx does: `*` stands for none. */
import { detached } from '#kit/detached.ts';
import type { Coding } from '#model/l7/compress.ts';

/** The name of each coding in Accept-Encoding and Content-Encoding. */
export const CODING_TOKENS: Readonly<Record<Coding, string>> = { gzip: 'gzip', brotli: 'br', zstd: 'zstd' };

/** The weight of each coding in thousandths; 0: not taken. */
export type Weights = Readonly<Record<Coding, number>>;

const NONE: Weights = { gzip: 0, brotli: 0, zstd: 0 };

/** Values read before: browsers send the same few. Bounded: a stranger chooses them, so it stops growing. */
const KNOWN = new Map<string, Weights>();
const MOST_KNOWN = 256;
const MOST_KNOWN_BYTES = 128;

/** @param field the first Accept-Encoding of a request; undefined: there is none */
export function weightsOf(field: string | undefined): Weights {
  if (field === undefined) return NONE;
  const known = KNOWN.get(field);
  if (known) return known;
  const weights = {
    gzip: weightOf(CODING_TOKENS.gzip, field),
    brotli: weightOf(CODING_TOKENS.brotli, field),
    zstd: weightOf(CODING_TOKENS.zstd, field),
  };
  if (KNOWN.size < MOST_KNOWN && field.length <= MOST_KNOWN_BYTES) KNOWN.set(detached(field), weights);
  return weights;
}

const BLANK = ' \\t';

/** nginx takes the first place that the name stands at, and finds a malformed weight to be none. */
function weightOf(token: string, field: string): number {
  const place = new RegExp(`(?:^|[,${BLANK}])${token}[${BLANK}]*(?:$|,|;(.*))`, 'is').exec(field);
  if (!place) return 0;
  const parameter = place[1]?.trimStart();
  if (parameter === undefined || parameter === '') return 1000;
  const quality = /^q=(?:0(?:\.(\d{0,3}))?|(1)(?:\.0{0,3})?)(?=[, \t]|$)/i.exec(parameter);
  if (!quality) return 0;
  return quality[2] ? 1000 : Number((quality[1] ?? '').padEnd(3, '0'));
}
