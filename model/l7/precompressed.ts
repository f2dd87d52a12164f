/** Settings of files that lie ready in a content coding, beside those they are made of: one mode for each coding. */
import type { Coding } from './compress.ts';

/** Sent to clients that take the coding, or to all. */
export const PRECOMPRESSED_MODES = ['off', 'on', 'always'] as const;
export type PrecompressedMode = (typeof PRECOMPRESSED_MODES)[number];

export type PrecompressedSettings = { readonly [C in Coding]: PrecompressedMode };

export const PRECOMPRESSED_DEFAULTS: PrecompressedSettings = { gzip: 'off', brotli: 'off', zstd: 'off' };
