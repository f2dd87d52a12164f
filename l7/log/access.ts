/** Access logs: a line for each request, by the location's formats. */
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { SyslogSink } from '#kit/syslog.ts';
import type { AccessLog, LogFormat, LogLevel, SyslogTarget } from '#model/l7/log.ts';
import { filePaths, systemPath } from '../content/file-path.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler, RequestLog } from '../tables.ts';
import type { Text } from '../variable/space.ts';
import type { LogFiles } from './files.ts';

/** Compiles the access logs of a location. */
export function accessLogs(compiler: Compiler): RequestLog[] {
  return compiler.location.settings.log.accessLogs.flatMap(log => compileLog(log, compiler) ?? []);
}

function compileLog(log: AccessLog, compiler: Compiler): RequestLog | undefined {
  const line = compileFormat(log.format, compiler);
  const condition = log.condition === undefined ? undefined : compiler.text(log.condition);
  const write = writerOf(log, compiler);
  return exchange => {
    if (condition) {
      const value = condition(exchange);
      if (value === '' || value === '0') return;
    }
    write(exchange, line(exchange));
  };
}

type Write = (exchange: Exchange, line: string) => void;

function writerOf(log: AccessLog, compiler: Compiler): Write {
  const { worker, text } = compiler;
  const { target } = log;
  if (target.kind === 'syslog') return syslogWriter(target, worker.logFiles);
  if (typeof target.path === 'string') {
    const file = worker.logFiles.file(target.path, log);
    return (_, line) => file.write(`${line}\n`);
  }
  return namedWriter(text(target.path), compiler);
}

/** As nginx does it, only where the folder of the location's files is there: a request's Host may be part of the path. */
function namedWriter(path: Text, compiler: Compiler): Write {
  const { fileCache } = compiler.location.settings.log;
  const { folder } = filePaths(compiler);
  const { named } = compiler.worker.logFiles;
  return (exchange, line) => {
    const root = folder(exchange);
    if (isFolder(root)) return named.write(path(exchange), `${line}\n`, fileCache, exchange);
    exchange.log('error', `testing "${root}" existence failed`);
  };
}

function isFolder(path: string): boolean {
  return statSync(systemPath(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function syslogWriter(target: SyslogTarget, files: LogFiles): Write {
  const sink = new SyslogSink(files.syslog(target.server), target, hostname());
  const severity = target.severity as LogLevel; // config/ takes no other words
  return (_, line) => sink.write(line, severity);
}

const hex = (char: string) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
const JSON_SHORT: Record<string, string> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '"': '\\"',
  '\\': '\\\\',
};

const ESCAPES: Record<LogFormat['escape'], (value: string) => string> = {
  none: value => value,
  default: value =>
    /[\0-\x1f"\\\x7f-\xff]/.test(value) ? value.replace(/[\0-\x1f"\\\x7f-\xff]/g, hex) : value,
  json: value =>
    /[\0-\x1f"\\]/.test(value)
      ? value.replace(
          /[\0-\x1f"\\]/g,
          char =>
            JSON_SHORT[char] ?? `\\u00${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
        )
      : value,
};

/** A variable that is not there shows as `-` (as nothing with escape=json and none). */
function compileFormat(format: LogFormat, { variables, text }: Compiler): Text {
  if (typeof format.template === 'string') return text(format.template);
  const escaped = ESCAPES[format.escape];
  const missing = format.escape === 'default' ? '-' : '';
  const parts = format.template.map(part => {
    if (typeof part === 'string') return part;
    const get = variables.getter(part.variable);
    return (exchange: Exchange) => {
      const value = get(exchange);
      return value === undefined ? missing : escaped(value);
    };
  });
  return exchange => {
    let line = '';
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at]!;
      line += typeof part === 'string' ? part : part(exchange);
    }
    return line;
  };
}
