/** Why Redis cannot be used, in words for the operator. No password ever stands in them. */
import { RedisError } from '#kit/resp.ts';

const SYSTEM: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name server does not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it has hung up',
  EPIPE: 'it has hung up',
};

const REDIS: Readonly<Record<string, string>> = {
  NOAUTH: 'it wants a password: add password file:PATH',
  WRONGPASS: 'it does not take the user and password',
  NOPERM: 'the user may not do that',
};

export function systemReason(fault: Error): string {
  if (fault instanceof RedisError) return redisReason(fault);
  const { code, message } = fault as NodeJS.ErrnoException;
  if (code === undefined) return message;
  if (/^ERR_SSL_|^EPROTO/.test(code))
    return `TLS: ${message.replace(/^.*?:SSL routines:[^:]*:/s, '').split('\n')[0]}`;
  return SYSTEM[code] ?? (code.startsWith('E') && message === '' ? code : `${SYSTEM[code] ?? message}`);
}

export const redisReason = (error: RedisError): string => {
  const known = REDIS[error.code];
  return known === undefined ? error.message : `${known} (${error.message})`;
};
