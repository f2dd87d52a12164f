/** Files that lie ready in a content coding beside those they are made of: `a.css.gz` for `a.css`. */
import { closeSync, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { CODINGS, type Coding } from '#model/l7/compress.ts';
import { CODING_TOKENS, weightsOf } from '../coding/accept.ts';
import type { Exchange } from '../exchange.ts';
import { gzipClients } from '../filter/gzip-clients.ts';
import { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import { fileFault } from './file-fault.ts';
import { OPEN_FLAGS, systemPath } from './file-path.ts';
import type { LinkGuard } from './symlinks.ts';

export interface Variant {
  /** Open, for the caller to close; undefined: the file itself is to be sent. */
  readonly found: { readonly fd: number; readonly stats: Stats; readonly token: string } | undefined;
  /** Whether other clients get another variant, and the answer has to say so. */
  readonly varies: boolean;
}

export type VariantFinder = (exchange: Exchange, path: string) => Variant | undefined;

const ENDINGS: Readonly<Record<Coding, string>> = { gzip: '.gz', brotli: '.br', zstd: '.zst' };
/** Of codings that the client likes equally, the first one. */
const BY_PREFERENCE = CODINGS.toReversed();

/** @returns undefined where no variants are looked for */
export function variantFinder(compiler: Compiler, guard: LinkGuard | undefined): VariantFinder | undefined {
  const { precompressed, gzip } = compiler.location.settings;
  const offered = BY_PREFERENCE.filter(coding => precompressed[coding] !== 'off');
  if (offered.length === 0) return undefined;
  const takesGzip = gzipClients(compiler);
  const weigh = (exchange: Exchange, coding: Coding): number => {
    if (precompressed[coding] === 'always') return 1;
    if (coding === 'gzip' && !takesGzip(exchange, new Response(200))) return 0;
    return weightsOf(exchange.head.headers.get('accept-encoding'))[coding];
  };
  return (exchange, path) => {
    if (exchange.method === 'POST') return undefined;
    const weights = new Map(offered.map(coding => [coding, weigh(exchange, coding)]));
    const wanted = offered.filter(coding => weights.get(coding)! > 0);
    wanted.sort((a, b) => weights.get(b)! - weights.get(a)!);
    for (const coding of wanted) {
      const found = open(exchange, path + ENDINGS[coding], guard);
      const token = CODING_TOKENS[coding];
      if (found) return { found: { ...found, token }, varies: precompressed[coding] === 'on' && gzip.vary };
    }
    const refused = gzip.vary ? offered.filter(coding => weights.get(coding) === 0) : [];
    const varies = refused.some(coding => isFile(path + ENDINGS[coding]));
    return { found: undefined, varies };
  };
}

function open(
  exchange: Exchange,
  path: string,
  guard: LinkGuard | undefined,
): { fd: number; stats: Stats } | undefined {
  let fd: number;
  if (guard?.(exchange, path)) return undefined;
  try {
    fd = openSync(systemPath(path), OPEN_FLAGS);
  } catch (error) {
    const fault = fileFault(error);
    if (fault.status !== 404)
      exchange.log(fault.status === 403 ? 'error' : 'crit', `open() "${path}" failed ${fault.reason}`);
    return undefined;
  }
  const stats = fstatSync(fd);
  if (stats.isFile() && !guard?.(exchange, path, fd)) return { fd, stats };
  closeSync(fd);
  return undefined;
}

function isFile(path: string): boolean {
  try {
    return statSync(systemPath(path), { throwIfNoEntry: false })?.isFile() ?? false;
  } catch (error) {
    fileFault(error); // throws what is no fault of the file: what can not be looked at is not offered
    return false;
  }
}
