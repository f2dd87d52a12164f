/** Directives that steer nginx's own machinery, for which moat has no counterpart: read, held against their form, without effect. */
import { arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';

const NAMES: readonly (readonly [string, ('main' | 'events')[]])[] = [
  ['worker_cpu_affinity', ['main']],
  ['worker_priority', ['main']],
  ['worker_rlimit_core', ['main']],
  ['working_directory', ['main']],
  ['timer_resolution', ['main']],
  ['pcre_jit', ['main']],
  ['lock_file', ['main']],
  ['master_process', ['main']],
  ['debug_points', ['main']],
  ['ssl_engine', ['main']],
  ['thread_pool', ['main']],
  ['use', ['events']],
  ['multi_accept', ['events']],
  ['accept_mutex', ['events']],
  ['accept_mutex_delay', ['events']],
  ['debug_connection', ['events']],
  ['worker_aio_requests', ['events']],
];

export const INERT = NAMES.map(([name, context]) =>
  defineDirective({
    name,
    context,
    repeats: true,
    args: { values: arg.text().rest(1) },
    doc: {
      summary: 'Accepted for nginx configurations; moat has nothing that it would change.',
      example: `${name} ...;`,
      since: '0.1',
    },
    compile() {},
  }),
);
