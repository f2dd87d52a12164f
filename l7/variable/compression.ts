/** How much smaller compression made an answer. */
import type { Coding } from '#model/l7/compress.ts';
import type { Getter } from './space.ts';

/** What went into a compressor, and what came out of it. */
export interface CompressionCount {
  readonly coding: Coding;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** As nginx rounds it: two digits after the point, by the third. */
const ratio =
  (coding: Coding): Getter =>
  ({ compression }) =>
    compression?.coding === coding && compression.bytesOut > 0
      ? (Math.round(Math.floor((compression.bytesIn * 1000) / compression.bytesOut) / 10) / 100).toFixed(2)
      : undefined;

export const COMPRESSION_VARIABLES = {
  gzip_ratio: ratio('gzip'),
  brotli_ratio: ratio('brotli'),
  zstd_ratio: ratio('zstd'),
} satisfies Record<string, Getter>;
