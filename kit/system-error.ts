/** Errors of the system in the words that nginx has for them, which are those of the C library: operators and their tools look for these. */
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

/** Where libuv, and so Node, has other words. */
const WORDS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EAGAIN: 'Resource temporarily unavailable',
  ECONNABORTED: 'Software caused connection abort',
  EHOSTUNREACH: 'No route to host',
  EISDIR: 'Is a directory',
  EIO: 'Input/output error',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENOMEM: 'Cannot allocate memory',
  ENOTCONN: 'Transport endpoint is not connected',
};

/** `(111: Connection refused)`. @param errno positive */
export function systemReason(errno: number): string {
  const words = WORDS[getSystemErrorName(-errno)] ?? getSystemErrorMessage(-errno);
  return `(${errno}: ${words.charAt(0).toUpperCase()}${words.slice(1)})`;
}
