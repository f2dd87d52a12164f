/** Every operator by its name in a rule. */
import { noMatch, unconditionalMatch } from './always.ts';
import { eq, ge, gt, le, lt } from './compare.ts';
import { detectSQLi, detectXSS } from './detect.ts';
import { fuzzyHash } from './fuzzy-hash.ts';
import { ipMatch, ipMatchF, ipMatchFromFile } from './ip-match.ts';
import { geoLookup, rbl } from './lookup.ts';
import type { Operator } from './operator.ts';
import { pm, pmFromFile, pmf } from './pm.ts';
import { REFUSED } from './refused.ts';
import { rx, rxGlobal } from './rx.ts';
import { beginsWith, contains, containsWord, endsWith, streq, strmatch, within } from './text.ts';
import { validateByteRange } from './validate-byte-range.ts';
import { validateDTD } from './validate-dtd.ts';
import { validateUrlEncoding, validateUtf8Encoding } from './validate-encoding.ts';
import { validateSchema } from './validate-schema.ts';
import { verifyCC, verifyCPF, verifySSN, verifySVNR } from './verify.ts';

const ALL: readonly Operator[] = [
  beginsWith,
  contains,
  containsWord,
  detectSQLi,
  detectXSS,
  endsWith,
  eq,
  fuzzyHash,
  ge,
  geoLookup,
  gt,
  ipMatch,
  ipMatchF,
  ipMatchFromFile,
  le,
  lt,
  noMatch,
  pm,
  pmFromFile,
  pmf,
  rbl,
  rx,
  rxGlobal,
  streq,
  strmatch,
  unconditionalMatch,
  validateByteRange,
  validateDTD,
  validateSchema,
  validateUrlEncoding,
  validateUtf8Encoding,
  verifyCC,
  verifyCPF,
  verifySSN,
  verifySVNR,
  within,
  ...REFUSED,
];

/** By lower-cased name: rules write `@beginsWith` and `@beginswith` alike. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  ALL.map(operator => [operator.name.toLowerCase(), operator]),
);
