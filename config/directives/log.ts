/** access_log and log_format. */

import type { AccessLog, LogFileCache, SyslogTarget } from '#model/l7/log.ts';
import { COMBINED, JSON_FORMAT } from '#model/l7/log.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { BLOCKS } from './core-field.ts';
import { readBuffering, refuseConflict } from './log-buffer.ts';

const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'intern',
  'lpr',
  'news',
  'uucp',
  'clock',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'cron',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];
const SEVERITIES = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg'];

/** Reads `server=...,facility=...,tag=...,severity=...,nohostname`. @throws {ArgumentFault} */
export function syslogTarget(text: string): SyslogTarget {
  const target = { server: '', facility: 'local7', severity: 'info', tag: 'nginx', hostname: true };
  for (const part of text.split(',')) {
    const [key, value = ''] = part.split(/=(.*)/s);
    if (key === 'server') target.server = value;
    else if (key === 'facility' && FACILITIES.includes(value)) target.facility = value;
    else if (key === 'severity' && SEVERITIES.includes(value)) target.severity = value;
    else if (key === 'tag' && /^\w{1,32}$/.test(value)) target.tag = value;
    else if (key === 'nohostname') target.hostname = false;
    else
      throw new ArgumentFault(
        `"${part}" is not a syslog parameter`,
        'it knows server=, facility=, severity=, tag= and nohostname',
      );
  }
  if (!target.server) throw new ArgumentFault('syslog: names no server', 'add server=ADDRESS');
  return target;
}

const logFormat = defineDirective({
  name: 'log_format',
  context: ['http'],
  repeats: true,
  args: { name: arg.text('a name'), parts: arg.token('texts with variables').rest(1) },
  doc: {
    summary:
      'Names a format of access log lines. Two need no definition: `combined`, and `json` (one object a line, which a definition of that name replaces).',
    example: "log_format short '$remote_addr $status $request_time';",
    since: '0.1',
  },
  compile({ name, parts }, scope) {
    if (name === COMBINED.name || scope.http.logFormats.has(name))
      throw new ArgumentFault(`the format "${name}" is already defined`);
    const escaping = /^escape=(default|json|none)$/.exec(parts[0]!.text)?.[1] as
      | 'default'
      | 'json'
      | 'none'
      | undefined;
    const text = (escaping ? parts.slice(1) : parts).map(part => part.text).join('');
    scope.http.logFormats.set(name, {
      name,
      escape: escaping ?? 'default',
      template: scope.template(text, parts[0]!),
    });
  },
});

const accessLog = defineDirective({
  name: 'access_log',
  context: ['http', 'server', 'location', 'location-if', 'limit_except'],
  repeats: true,
  args: { target: arg.token('a path, syslog: or off'), rest: arg.token('format and parameters').rest(0) },
  doc: {
    summary:
      'Writes a line for each request to a file, or to syslog (`syslog:server=ADDRESS,facility=,severity=,tag=,nohostname`). With `buffer=` lines wait in memory, with `gzip` they are compressed; `if=` leaves out requests whose text is empty or 0.',
    default: 'access_log logs/access.log combined;',
    example: 'access_log /var/log/moat/access.log combined buffer=32k flush=5s if=$loggable;',
    differs: 'A line after `access_log off` in the same block counts.',
    since: '0.1',
  },
  compile({ target, rest }, scope) {
    if (target.text === 'off') return scope.set('log', { accessLogs: [] });
    const parameters = rest.filter(token => /^(buffer|flush|gzip|if)(=|$)/.test(token.text));
    const names = rest.filter(token => !parameters.includes(token));
    if (names.length > 1)
      throw new ArgumentFault(`unknown parameter "${names[1]!.text}"`, undefined, names[1]);
    const buffering = readBuffering(parameters);
    const to = targetOf(target, scope);
    refuseConflict(to, buffering, target, scope);
    scope.append('log', 'accessLogs', {
      target: to,
      format: formatOf(names[0]?.text ?? 'combined', scope),
      ...buffering,
      condition: conditionOf(
        parameters.find(token => token.text.startsWith('if=')),
        scope,
      ),
    });
  },
});

function targetOf(token: Token, scope: Scope): AccessLog['target'] {
  const { text } = token;
  if (text.startsWith('syslog:')) return { kind: 'syslog', ...syslogTarget(text.slice('syslog:'.length)) };
  return { kind: 'file', path: scope.template(scope.prefixPath(text), token) };
}

function formatOf(name: string, scope: Scope) {
  const format = scope.http.logFormats.get(name) ?? PRESETS.get(name);
  if (!format)
    throw new ArgumentFault(`unknown log format "${name}"`, 'define it with log_format above this line');
  return format;
}

/** Formats that need no definition; `json` may have one of the operator's own. */
const PRESETS = new Map([COMBINED, JSON_FORMAT].map(format => [format.name, format]));

function conditionOf(token: Token | undefined, scope: Scope) {
  return token && scope.template(token.text.slice('if='.length), token);
}

const fileCache = defineDirective({
  name: 'open_log_file_cache',
  context: BLOCKS,
  args: {
    off: arg.word(),
    max: arg.integer({ min: 1 }).param(),
    inactive: arg.durationMs().param(),
    min_uses: arg.integer({ min: 1 }).param(),
    valid: arg.durationMs().param(),
  },
  doc: {
    summary:
      'Keeps logs open whose paths have variables: at most `max`, each for as long as it is written to `min_uses` times (1) in `inactive` (10s), and opened anew every `valid` (60s). Without it such a file is opened whenever lines are written to it.',
    default: 'open_log_file_cache off;',
    example: 'open_log_file_cache max=1000 inactive=20s valid=1m min_uses=2;',
    since: '0.1',
  },
  compile({ off, max, inactive = 10_000, min_uses = 1, valid = 60_000 }, scope) {
    if (off) return scope.set('log', { fileCache: undefined });
    if (max === undefined) throw new ArgumentFault('"max" is missing: a number', 'write max=1000, or off');
    const cache: LogFileCache = { most: max, inactiveMs: inactive, minUses: min_uses, validMs: valid };
    scope.set('log', { fileCache: cache });
  },
});

export const LOG = [logFormat, accessLog, fileCache];
