/** Directives of the main context and of events: the process, the blocks, and files that are read in their place. */
import { arg } from '../argument.ts';
import { newHttp } from '../draft.ts';
import { CONTEXTS, defineBlock, defineDirective } from '../registry.ts';
import { ERROR_LOG } from './error-log.ts';
import { INERT } from './inert.ts';
import { MAIN_PROCESS } from './main-process.ts';

const events = defineBlock({
  name: 'events',
  context: ['main'],
  args: {},
  block: 'events',
  doc: {
    summary: 'How connections are handled.',
    example: 'events { worker_connections 1024; }',
    since: '0.1',
  },
  compile(_, scope, body) {
    body.open(scope.child('events', {}));
  },
});

const workerConnections = defineDirective({
  name: 'worker_connections',
  context: ['events'],
  args: { number: arg.integer({ min: 1 }) },
  doc: {
    summary:
      'How many connections, to clients and to servers, a worker may hold open at once. When a client comes above that, connections that wait for a request give way to it; where there are none, it is turned away.',
    default: 'worker_connections 512;',
    example: 'worker_connections 10240;',
    since: '0.1',
  },
  compile({ number }, scope) {
    scope.around.main.process.workerConnections = number;
  },
});

const http = defineBlock({
  name: 'http',
  context: ['main'],
  args: {},
  block: 'http',
  doc: {
    summary: 'The L7 tier: servers, pools and what they share.',
    example: 'http { server { listen 80; } }',
    since: '0.1',
  },
  compile(_, scope, body) {
    const draft = newHttp();
    scope.around.main.http = draft;
    body.open(scope.child('http', { http: draft }, draft.own));
  },
});

/** Replaced by what it names before lines are checked (config/parse.ts); here for the manual. */
const include = defineDirective({
  name: 'include',
  context: CONTEXTS,
  repeats: true,
  args: { file: arg.text('a file or a pattern') },
  doc: {
    summary:
      'Reads another file in this place. A pattern (`*`, `?`, `[...]`) takes all files that it matches, in order, and may match none; a plain name must exist. Relative names start at the folder of the configuration.',
    example: 'include conf.d/*.conf;',
    since: '0.1',
  },
  compile() {},
});

export const MAIN = [...MAIN_PROCESS, ...ERROR_LOG, events, workerConnections, http, include, ...INERT];
