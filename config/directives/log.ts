/** access_log and log_format. */

import { parseDurationMs, parseSizeBytes } from '#kit/units.ts';
import type { SyslogTarget } from '#model/l7/log.ts';
import { COMBINED } from '#model/l7/log.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';

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
  const target = { server: '', facility: 'local7', severity: 'info', tag: 'moat', hostname: true };
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
    summary: 'Names a format of access log lines.',
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
    summary: 'Writes a line for each request.',
    default: 'access_log logs/access.log combined;',
    example: 'access_log /var/log/moat/access.log combined buffer=32k flush=5s if=$loggable;',
    since: '0.1',
  },
  compile({ target, rest }, scope) {
    if (target.text === 'off') return scope.set('log', { accessLogs: [] });
    const parameters = rest.filter(token => /^(buffer|flush|gzip|if)(=|$)/.test(token.text));
    const names = rest.filter(token => !parameters.includes(token));
    if (names.length > 1) throw new ArgumentFault(`unknown parameter "${names[1]!.text}"`);
    scope.append('log', 'accessLogs', {
      target: target.text.startsWith('syslog:')
        ? { kind: 'syslog', ...syslogTarget(target.text.slice(7)) }
        : { kind: 'file', path: scope.template(scope.prefixPath(target.text), target) },
      format: formatOf(names[0]?.text ?? 'combined', scope),
      ...bufferOf(parameters.map(token => token.text)),
      condition: conditionOf(
        parameters.find(token => token.text.startsWith('if=')),
        scope,
      ),
    });
  },
});

function formatOf(name: string, scope: Scope) {
  const format = name === 'combined' ? COMBINED : scope.http.logFormats.get(name);
  if (!format)
    throw new ArgumentFault(`unknown log format "${name}"`, 'define it with log_format above this line');
  return format;
}

function conditionOf(token: { readonly text: string } | undefined, scope: Scope) {
  if (!token) return undefined;
  return scope.template(token.text.slice(3), token as never);
}

function bufferOf(parameters: readonly string[]) {
  let bufferBytes = 0;
  let flushMs: number | undefined;
  let gzipLevel: number | undefined;
  for (const parameter of parameters) {
    const [key, value] = parameter.split('=');
    if (key === 'buffer') bufferBytes = parseSizeBytes(value ?? '') ?? fail(parameter);
    if (key === 'flush') flushMs = parseDurationMs(value ?? '') ?? fail(parameter);
    if (key === 'gzip')
      gzipLevel = value === undefined ? 1 : /^[1-9]$/.test(value) ? Number(value) : fail(parameter);
  }
  if (gzipLevel !== undefined && bufferBytes === 0) bufferBytes = 65536;
  if (flushMs !== undefined && bufferBytes === 0) throw new ArgumentFault('flush= needs buffer=');
  return { bufferBytes, flushMs, gzipLevel };
}

function fail(parameter: string): never {
  throw new ArgumentFault(`"${parameter}" is not a valid parameter`);
}

export const LOG = [logFormat, accessLog];
