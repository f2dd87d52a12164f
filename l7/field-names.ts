/** Names of header fields: as they are sent, and in lower case for comparing. */
import { detached } from '#kit/detached.ts';

/** Names that requests and answers usually carry: literals, so that comparing them later is comparing pointers. */
const USUAL = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-origin',
  'age',
  'allow',
  'alt-svc',
  'authorization',
  'cache-control',
  'connection',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-security-policy',
  'content-type',
  'cookie',
  'date',
  'dnt',
  'etag',
  'expect',
  'expires',
  'forwarded',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'origin',
  'pragma',
  'priority',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'server',
  'set-cookie',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
  'x-content-type-options',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-frame-options',
  'x-powered-by',
  'x-real-ip',
  'x-request-id',
  'x-requested-with',
];

/** `content-type` as most write it: `Content-Type`. */
const capitalised = (key: string) =>
  key.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());

/** The usual names, each in lower case and as most write it, in turn: marks of heads give their place in this list. */
export const FIELD_NAMES: readonly string[] = USUAL.flatMap(key => [key, capitalised(key)]);
/** The lower case of each of FIELD_NAMES. */
export const FIELD_KEYS: readonly string[] = USUAL.flatMap(key => [key, key]);

/**
 * Plain names seen before, as sent → lower case. Names of other characters are never among them: some servers refuse
 * those that others take. Bounded: a stranger chooses names, so it stops growing.
 */
const KEYS = new Map<string, string>(FIELD_NAMES.map((name, at) => [name, FIELD_KEYS[at]!]));
const MOST_KEYS = 2048;
const MOST_KEY_BYTES = 64;

/** Names that every server takes: letters, digits and `-`. */
export const PLAIN_NAME = /^[A-Za-z0-9-]+$/;

/** Lower case of a field name; well-known names come back as one shared string, so `===` is quick. */
export function fieldKey(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  if (KEYS.size >= MOST_KEYS || name.length > MOST_KEY_BYTES || !PLAIN_NAME.test(name))
    return name.toLowerCase();
  const own = detached(name);
  const key = own.toLowerCase();
  KEYS.set(own, key);
  return key;
}

/** True for plain names seen before: their characters need no second check. */
export function isKnownField(name: string): boolean {
  return KEYS.has(name);
}
