/** `error_log`: of the process, and nearer to the traffic. */
import { type ErrorLog, LOG_LEVELS, type LogLevel } from '#model/l7/log.ts';
import { arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { syslogTarget } from './log.ts';

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

export const ERROR_LOG = [mainErrorLog, errorLogOfTraffic];
