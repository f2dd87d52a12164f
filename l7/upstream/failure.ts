/** What is said of a try that failed, in nginx's words. */
import { systemReason } from '#kit/system-error.ts';
import type { Attempt } from '../variable/upstream.ts';

export const PREMATURE = 'upstream prematurely closed connection';
/** ETIMEDOUT. */
export const TIMED_OUT = `upstream timed out ${systemReason(110)}`;

/** What comes back from another machine; all else is known at once, and nginx then names whom it could not connect to. */
const ANSWERS = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH']);

/** @param member its address @param connected whether the connection stood */
export function failureReason(error: NodeJS.ErrnoException, member: string, connected: boolean): string {
  const { code = '', errno = 0 } = error;
  if (errno === 0 || code === 'EPROTO') return error.message; // a resolver's, or that of TLS
  const reason = systemReason(-errno);
  if (connected) return `${code === 'EPIPE' ? 'send' : 'recv'}() failed ${reason}`;
  return ANSWERS.has(code) && !member.startsWith('unix:')
    ? `connect() failed ${reason}`
    : `connect() to ${member} failed ${reason}`;
}

/** What a try was about when it ended. */
export function doing({ connectMs, headerMs, sending }: Attempt): string {
  if (headerMs >= 0) return 'reading upstream';
  if (connectMs < 0) return 'connecting to upstream';
  return sending ? 'sending request to upstream' : 'reading response header from upstream';
}
