/** What the fault of a file means for the request: the status, and a line in the error log. */
import { constants } from 'node:os';
import { systemReason } from '#kit/system-error.ts';
import type { Exchange } from '../exchange.ts';

/** The codes of the system by what they mean: nothing is there, or it may not be had; all others are faults. */
const STATUS_OF: Readonly<Record<string, number>> = {
  ENOENT: 404,
  ENOTDIR: 404,
  ENAMETOOLONG: 404,
  // A path with a zero byte can not be that of a file.
  ERR_INVALID_ARG_VALUE: 404,
  EACCES: 403,
  EMLINK: 403,
  ELOOP: 403,
};

export interface FileFault {
  readonly status: number;
  /** `ENOENT`. */
  readonly code: string;
  /** `(2: No such file or directory)`, as nginx has it in its log. */
  readonly reason: string;
}

/** @throws what is no fault of the file system */
export function fileFault(error: unknown): FileFault {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') throw error;
  const errno = 'errno' in error && typeof error.errno === 'number' ? -error.errno : 0;
  return {
    status: STATUS_OF[error.code] ?? 500,
    code: error.code,
    reason: errno === 0 ? `(0: ${error.message})` : systemReason(errno),
  };
}

/** A fault that was found without a call that failed. */
export function faultOf(code: 'ELOOP' | 'ENOTDIR'): FileFault {
  return { status: STATUS_OF[code]!, code, reason: systemReason(constants.errno[code]) };
}

/** @returns the status of the fault */
export function tellFault(exchange: Exchange, call: string, path: string, fault: FileFault): number {
  const missing = fault.status === 404;
  if (!missing || exchange.location.core.logNotFound)
    exchange.log(fault.status === 500 ? 'crit' : 'error', `${call}() "${path}" failed ${fault.reason}`);
  return fault.status;
}
