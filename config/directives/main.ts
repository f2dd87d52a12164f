/** Directives of the main context and of events: the process, not the traffic. */
import { availableParallelism } from 'node:os';
import { type ErrorLog, LOG_LEVELS, type LogLevel } from '#model/l7/log.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { newHttp } from '../draft.ts';
import { CONTEXTS, defineBlock, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { syslogTarget } from './log.ts';

const daemon = defineDirective({
  name: 'daemon',
  context: ['main'],
  args: { on: arg.flag() },
  doc: {
    summary: 'Whether moat goes to the background.',
    default: 'daemon on;',
    example: 'daemon off;',
    since: '0.1',
  },
  compile({ on }, scope) {
    scope.around.main.process.daemon = on;
  },
});

const pid = defineDirective({
  name: 'pid',
  context: ['main'],
  args: { file: arg.text('a path') },
  doc: {
    summary:
      'The file that holds the process number of the control process, written when all sockets listen.',
    default: 'pid logs/moat.pid;',
    example: 'pid /run/moat.pid;',
    since: '0.1',
  },
  compile({ file }, scope) {
    scope.around.main.process.pidPath = scope.prefixPath(file);
  },
});

const user = defineDirective({
  name: 'user',
  context: ['main'],
  args: { user: arg.text('a user'), group: arg.text('a group').optional() },
  doc: {
    summary: 'The user and group that the L7 process runs as, when moat is started as root.',
    default: 'user nobody nogroup;',
    example: 'user www-data www-data;',
    since: '0.1',
  },
  compile(args, scope) {
    scope.around.main.process.user = { name: args.user, group: args.group ?? args.user };
  },
});

const workerProcesses = defineDirective({
  name: 'worker_processes',
  context: ['main'],
  args: { count: arg.text('a number or auto') },
  doc: {
    summary: 'How many worker threads serve; `auto` takes one for each core.',
    default: 'worker_processes 1;',
    example: 'worker_processes auto;',
    since: '0.1',
  },
  compile({ count }, scope) {
    const workers =
      count === 'auto' ? availableParallelism() : /^[1-9]\d{0,3}$/.test(count) ? Number(count) : undefined;
    if (workers === undefined)
      throw new ArgumentFault(`"${count}" is not a number of workers`, 'write 1 to 9999, or auto');
    scope.around.main.process.workers = workers;
  },
});

const workerShutdownTimeout = defineDirective({
  name: 'worker_shutdown_timeout',
  context: ['main'],
  args: { time: arg.durationMs() },
  doc: {
    summary: 'After this time a graceful shutdown closes the connections that are still open.',
    example: 'worker_shutdown_timeout 30s;',
    since: '0.1',
  },
  compile({ time }, scope) {
    scope.around.main.process.shutdownTimeoutMs = time;
  },
});

const workerRlimitNofile = defineDirective({
  name: 'worker_rlimit_nofile',
  context: ['main'],
  args: { number: arg.integer({ min: 1 }) },
  doc: {
    summary:
      'How many files and sockets a worker may hold open. All workers are one process, which may hold as many as they together.',
    example: 'worker_rlimit_nofile 65536;',
    since: '0.1',
  },
  compile({ number }, scope) {
    scope.around.main.process.fileLimit = number;
  },
});

const env = defineDirective({
  name: 'env',
  context: ['main'],
  args: { variable: arg.text('NAME or NAME=value') },
  repeats: true,
  doc: {
    summary: 'Keeps an environment variable for the worker process, or sets it.',
    example: 'env TZ=Europe/Berlin;',
    since: '0.1',
  },
  compile({ variable }, scope) {
    scope.around.main.process.env = [...(scope.around.main.process.env ?? []), variable];
  },
});

const errorLogArgs = { file: arg.text('a path, stderr or syslog:'), level: arg.oneOf(LOG_LEVELS).optional() };
const errorLogDoc = {
  summary: 'Where errors are written, from which level on.',
  default: 'error_log logs/error.log error;',
  example: 'error_log /var/log/moat/error.log warn;',
  since: '0.1',
};

function errorLog(file: string, level: LogLevel | undefined, scope: Scope): ErrorLog {
  const target: ErrorLog['target'] =
    file === 'stderr'
      ? { kind: 'stderr' }
      : file.startsWith('syslog:')
        ? { kind: 'syslog', ...syslogTarget(file.slice(7)) }
        : { kind: 'file', path: scope.prefixPath(file) };
  return { target, level: level ?? 'error' };
}

/** In main: the log of the process. */
const mainErrorLog = defineDirective({
  name: 'error_log',
  context: ['main'],
  repeats: true,
  args: errorLogArgs,
  doc: errorLogDoc,
  compile({ file, level }, scope) {
    const process = scope.around.main.process;
    process.errorLogs = [...(process.errorLogs ?? []), errorLog(file, level, scope)];
  },
});

/** Nearer to the traffic: the log of what happens there. */
const errorLogOfTraffic = defineDirective({
  name: 'error_log',
  context: ['http', 'server', 'location'],
  repeats: true,
  args: errorLogArgs,
  doc: errorLogDoc,
  compile({ file, level }, scope) {
    scope.append('log', 'errorLogs', errorLog(file, level, scope));
  },
});

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

/** Directives that steer nginx's own machinery, for which moat has no counterpart: read, held against their form, without effect. */
const INERT: readonly (readonly [string, ('main' | 'events')[]])[] = [
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

const inert = INERT.map(([name, context]) =>
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

export const MAIN = [
  daemon,
  pid,
  user,
  workerProcesses,
  workerShutdownTimeout,
  workerRlimitNofile,
  env,
  mainErrorLog,
  errorLogOfTraffic,
  events,
  workerConnections,
  http,
  include,
  ...inert,
];
