/** The one list of header filters, in the order that answers pass them; body filters are added by them in the same order. */

import { challengeFilter } from '../phase/challenge.ts';
import { csrfFilter } from '../phase/csrf.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { additionFilter } from './addition.ts';
import { charsetFilter } from './charset.ts';
import { compressFilter } from './compress.ts';
import { gunzipFilter } from './gunzip.ts';
import { headersFilter } from './headers.ts';
import { lastModifiedFilter } from './last-modified.ts';
import { limitRateFilter } from './limit-rate.ts';
import { maskFilter } from './mask.ts';
import { notModifiedFilter } from './not-modified.ts';
import { rangeFilter } from './range.ts';
import { subFilter } from './sub.ts';
import { userIdFilter } from './user-id.ts';

export type HeaderFilterMaker = (compiler: Compiler) => HeaderFilter | undefined;

export const HEADER_FILTERS: readonly HeaderFilterMaker[] = [
  notModifiedFilter,
  headersFilter,
  userIdFilter,
  challengeFilter,
  csrfFilter,
  // What changes the body: afterwards its length is unknown, and ranges of it are off.
  gunzipFilter,
  maskFilter,
  subFilter,
  charsetFilter,
  // The parts around an answer pass the filters of their own locations, not those above.
  additionFilter,
  compressFilter,
  rangeFilter,
  lastModifiedFilter,
  limitRateFilter,
];
