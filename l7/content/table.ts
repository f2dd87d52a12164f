/** Who answers in a location: one maker for each kind of content. */
import type { ContentModel } from '#model/l7/http.ts';
import type { Phase } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { emptyGif } from './empty-gif.ts';
import { metricsContent } from './metrics.ts';
import { proxyContent } from './proxy.ts';
import { redirectBalance } from './redirect-balance.ts';
import { staticContent } from './static.ts';
import { stubStatus } from './stub-status.ts';

type Makers = {
  readonly [K in ContentModel['kind']]: (
    content: Extract<ContentModel, { kind: K }>,
    compiler: Compiler,
  ) => Phase;
};

const notYet = (): Phase => () => 404;

export const CONTENT: Makers = {
  static: staticContent,
  proxy: proxyContent,
  'stub-status': stubStatus,
  metrics: metricsContent,
  status: notYet,
  'empty-gif': emptyGif,
  'redirect-balance': redirectBalance,
};
