/** What the fault of a file means for the request: the status, and a line in the error log. */
import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';
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
    reason: reasonOf(error.code, errno, error.message),
  };
}

/** A fault that was found without a call that failed. */
export function faultOf(code: 'ELOOP' | 'ENOTDIR'): FileFault {
  return { status: STATUS_OF[code]!, code, reason: reasonOf(code, constants.errno[code], '') };
}

/** Where libuv's words are not those of the C library, which operators look for. */
const WORDS: Readonly<Record<string, string>> = {
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
};

function reasonOf(code: string, errno: number, message: string): string {
  const words = WORDS[code] ?? (errno === 0 ? message : getSystemErrorMessage(-errno));
  return `(${errno}: ${words.charAt(0).toUpperCase()}${words.slice(1)})`;
}

/** @returns the status of the fault */
export function tellFault(exchange: Exchange, call: string, path: string, fault: FileFault): number {
  const missing = fault.status === 404;
  if (!missing || exchange.location.core.logNotFound)
    exchange.log(fault.status === 500 ? 'crit' : 'error', `${call}() "${path}" failed ${fault.reason}`);
  return fault.status;
}
