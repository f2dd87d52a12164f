/** Access logs: formats by name, and what a location writes where. */
import type { Template } from '../template.ts';

export const LOG_LEVELS = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ErrorLog {
  readonly target:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'stderr' }
    | { readonly kind: 'syslog'; readonly server: string; readonly facility: string; readonly tag: string };
  readonly level: LogLevel;
}

export interface LogFormat {
  readonly name: string;
  readonly escape: 'default' | 'json' | 'none';
  readonly template: Template;
}

export interface AccessLog {
  /** A file path (variables allowed), or `syslog:` parameters. */
  readonly target:
    | { readonly kind: 'file'; readonly path: Template }
    | ({ readonly kind: 'syslog' } & SyslogTarget);
  readonly format: LogFormat;
  /** 0: written at once. */
  readonly bufferBytes: number;
  readonly flushMs: number | undefined;
  readonly gzipLevel: number | undefined;
  readonly condition: Template | undefined;
}

export interface SyslogTarget {
  /** `host`, `host:port` or `unix:/path`. */
  readonly server: string;
  readonly facility: string;
  readonly severity: string;
  readonly tag: string;
  readonly hostname: boolean;
}

/** `open_log_file_cache`: files whose paths have variables stay open for a while. */
export interface LogFileCache {
  readonly most: number;
  /** A file that was not written to `minUses` times in so long is closed. */
  readonly inactiveMs: number;
  readonly minUses: number;
  /** After so long a file is opened anew, in case it was moved away. */
  readonly validMs: number;
}

export interface LogSettings {
  readonly accessLogs: readonly AccessLog[];
  /** Undefined: such a file is opened for each turn that writes to it. */
  readonly fileCache: LogFileCache | undefined;
  /** Empty: those of the process. */
  readonly errorLogs: readonly ErrorLog[];
}

export const COMBINED: LogFormat = {
  name: 'combined',
  escape: 'default',
  template: [
    { variable: 'remote_addr' },
    ' - ',
    { variable: 'remote_user' },
    ' [',
    { variable: 'time_local' },
    '] "',
    { variable: 'request' },
    '" ',
    { variable: 'status' },
    ' ',
    { variable: 'body_bytes_sent' },
    ' "',
    { variable: 'http_referer' },
    '" "',
    { variable: 'http_user_agent' },
    '"',
  ],
};

const variable = (name: string) => ({ variable: name });

/** A line of JSON: numbers as numbers; what may be missing or a list as a text. */
export const JSON_FORMAT: LogFormat = {
  name: 'json',
  escape: 'json',
  template: [
    '{"time":"',
    variable('time_iso8601'),
    '","request_id":"',
    variable('request_id'),
    '","remote_addr":"',
    variable('remote_addr'),
    '","remote_user":"',
    variable('remote_user'),
    '","scheme":"',
    variable('scheme'),
    '","host":"',
    variable('host'),
    '","method":"',
    variable('request_method'),
    '","uri":"',
    variable('request_uri'),
    '","protocol":"',
    variable('server_protocol'),
    '","status":"',
    variable('status'),
    '","body_bytes_sent":',
    variable('body_bytes_sent'),
    ',"request_length":',
    variable('request_length'),
    ',"request_time":',
    variable('request_time'),
    ',"referer":"',
    variable('http_referer'),
    '","user_agent":"',
    variable('http_user_agent'),
    '","upstream_addr":"',
    variable('upstream_addr'),
    '","upstream_status":"',
    variable('upstream_status'),
    '","upstream_response_time":"',
    variable('upstream_response_time'),
    '"}',
  ],
};

export const LOG_DEFAULTS: LogSettings = {
  accessLogs: [
    {
      target: { kind: 'file', path: 'logs/access.log' },
      format: COMBINED,
      bufferBytes: 0,
      flushMs: undefined,
      gzipLevel: undefined,
      condition: undefined,
    },
  ],
  fileCache: undefined,
  errorLogs: [],
};
