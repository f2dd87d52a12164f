/** waf_mask: card numbers, private keys, stack traces and what else must not leave are covered in answers. */
import type { Pattern } from '#waf';
import type { Exchange } from '../exchange.ts';
import { FINDERS, patternFinder } from '../mask/finders.ts';
import { Masker } from '../mask/masker.ts';
import type { Response } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { engine } from '../waf/engine.ts';
import { findingTeller } from '../waf/finding.ts';
import { gunzipSink } from './gunzip.ts';

/** What people and programs read as text. */
const TEXT =
  /^(?:$|text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|javascript|x-javascript|x-ndjson|x-www-form-urlencoded)$)/;
const BAD_GATEWAY = 502;

/** Whether anything is to be covered in this location. */
export const masks = ({ location }: Pick<Compiler, 'location'>): boolean =>
  location.settings.waf.masks.length + location.settings.waf.maskPatterns.length > 0;

export function maskFilter(compiler: Compiler): HeaderFilter | undefined {
  if (!masks(compiler)) return undefined;
  const { masks: kinds, maskPatterns, onFault } = compiler.location.settings.waf;
  const finders = [
    ...kinds.flatMap(kind => (kind === 'keys' ? [] : FINDERS[kind])),
    ...maskPatterns.map(pattern => patternFinder(regular(pattern))),
  ];
  const findsKeys = kinds.includes('keys');
  const tell = findingTeller(compiler);
  return (exchange, response) => {
    if (exchange.main !== exchange || response.upgraded || response.contentLength === 0) return;
    if (!TEXT.test(response.mediaType)) return;
    const coding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
    if (coding !== 'identity' && coding !== 'gzip') {
      exchange.log(
        'error',
        `waf_mask: the answer is coded (${coding.slice(0, 40)}), nobody can look into it`,
      );
      return onFault === 'pass' ? undefined : BAD_GATEWAY;
    }
    change(response);
    if (coding === 'gzip') {
      response.headers.remove('content-encoding');
      response.bodyChanges();
      exchange.addFilter(next => gunzipSink(next, exchange));
    }
    exchange.addFilter(next => new Masker(next, finders, findsKeys, found => report(exchange, found, tell)));
  };
}

/** @throws {Error} for a pattern that cannot be matched in linear time */
function regular(source: string): Pattern {
  const pattern = engine().compilePattern(source);
  if (!pattern.regular) throw new Error(`waf_mask_pattern: "${source}" is not regular`);
  return pattern;
}

/** As many bytes as before, but others: ranges of them are cut from nothing else, and no validator of the server holds. */
function change(response: Response): void {
  response.allowRanges = false;
  response.headers.remove('accept-ranges');
  response.headers.remove('content-md5');
  response.headers.remove('digest');
  response.headers.remove('repr-digest');
  response.headers.remove('content-digest');
  response.weakenEtag();
}

function report(
  exchange: Exchange,
  found: ReadonlyMap<string, number>,
  tell: ReturnType<typeof findingTeller>,
): void {
  if (found.size === 0) return;
  const reason = `covered in the answer: ${[...found].map(([name, times]) => `${name} (${times})`).join(', ')}`;
  exchange.log('warn', `waf_mask: ${reason}`);
  if (!exchange.finding) tell(exchange, { source: 'mask', action: 'detect', reason });
}
