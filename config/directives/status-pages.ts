/** Locations that tell how moat does: `stub_status` and `metrics`. */
import { arg } from '../argument.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';

const WHERE: readonly Context[] = ['server', 'location'];

const stubStatus = defineDirective({
  name: 'stub_status',
  context: WHERE,
  args: { word: arg.token('any word').optional() },
  doc: {
    summary: 'Answers with a few lines of text that count connections and requests, of all workers together.',
    args: { word: 'Means nothing; old configurations have one.' },
    example: 'location = /basic_status { stub_status; allow 127.0.0.1; deny all; }',
    since: '0.1',
  },
  compile(_, scope) {
    scope.location.content = { kind: 'stub-status' };
  },
});

const metrics = defineDirective({
  name: 'metrics',
  context: WHERE,
  args: {},
  doc: {
    summary:
      'Answers with the metrics of all workers together, in the text format of Prometheus (0.0.4): connections, requests by status and method, their duration, broken requests by reason, pools and their members, verdicts of limits, the process; and of the l4 and cluster blocks: see docs/reference/metrics.md. Without http, `moat metrics` prints those.',
    example: 'location = /metrics { metrics; allow 10.0.0.0/8; deny all; }',
    since: '0.1',
  },
  compile(_, scope) {
    scope.location.content = { kind: 'metrics' };
  },
});

export const STATUS_PAGES: readonly Directive[] = [stubStatus, metrics];
