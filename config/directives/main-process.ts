/** Directives of the process itself: as whom it runs, how many workers it has, and what each of them may hold. */
import { availableParallelism } from 'node:os';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';

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

export const MAIN_PROCESS = [
  daemon,
  pid,
  user,
  workerProcesses,
  workerShutdownTimeout,
  workerRlimitNofile,
  env,
];
