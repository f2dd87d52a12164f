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

export interface LogSettings {
  readonly accessLogs: readonly AccessLog[];
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
  errorLogs: [],
};
