/** The logs that a configuration writes, as far as their files are known beforehand. */
import type { HttpModel, LocationModel } from '#model/l7/http.ts';
import type { ErrorLog, LogFormat, LogSettings } from '#model/l7/log.ts';
import type { Model } from '#model/main.ts';
import type { Invocation } from '../invocation.ts';
import { defaultErrorLog } from '../plane-config.ts';

export const LOG_KINDS = ['access', 'error'] as const;
export type LogKind = (typeof LOG_KINDS)[number];

export interface LogFile {
  /** Absolute; latin1. */
  readonly path: string;
  readonly kind: LogKind;
  /** Of `access`. */
  readonly format: LogFormat | undefined;
}

/** Each once; a file that several formats are written to is read by the first. */
export function logFilesOf({ process, http }: Model, invocation: Invocation): LogFile[] {
  const found = new Map<string, LogFile>();
  const add = (file: LogFile) => found.has(file.path) || found.set(file.path, file);
  const addErrors = (logs: readonly ErrorLog[]) => {
    for (const { target } of logs)
      if (target.kind === 'file') add({ path: target.path, kind: 'error', format: undefined });
  };
  for (const { accessLogs } of settingsOf(http))
    for (const { target, format, gzipLevel } of accessLogs)
      if (target.kind === 'file' && typeof target.path === 'string' && gzipLevel === undefined)
        add({ path: target.path, kind: 'access', format });
  addErrors(process.errorLogs.length > 0 ? process.errorLogs : [defaultErrorLog(invocation)]);
  for (const { errorLogs } of settingsOf(http)) addErrors(errorLogs);
  return [...found.values()];
}

/** Settings that nobody overrides are one object for many locations. */
function settingsOf(http: HttpModel | undefined): ReadonlySet<LogSettings> {
  const seen = new Set<LogSettings>();
  const visit = ({ settings, locations, conditional, limitExcept }: LocationModel): void => {
    seen.add(settings.log);
    for (const inner of [...locations, ...conditional]) visit(inner);
    if (limitExcept) visit(limitExcept.location);
  };
  for (const { root } of http?.servers ?? []) visit(root);
  return seen;
}
