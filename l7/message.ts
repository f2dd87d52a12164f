/** Header fields as the wire has them: names as sent, lower-case keys for comparing, values without outer blanks. */

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

/**
 * Plain names seen before, as sent → lower case. Names of other characters are never among them: some servers refuse
 * those that others take. Bounded: a stranger chooses names, so it stops growing.
 */
const KEYS = new Map<string, string>([
  ...USUAL.map(key => [capitalised(key), key] as const),
  ...USUAL.map(key => [key, key] as const),
]);
const MOST_KEYS = 2048;
const MOST_KEY_BYTES = 64;

/** Names that every server takes: letters, digits and `-`. */
export const PLAIN_NAME = /^[A-Za-z0-9-]+$/;

/** Lower case of a field name; well-known names come back as one shared string, so `===` is quick. */
export function fieldKey(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const key = name.toLowerCase();
  if (KEYS.size < MOST_KEYS && name.length <= MOST_KEY_BYTES && PLAIN_NAME.test(name)) KEYS.set(name, key);
  return key;
}

/** True for plain names seen before: their characters need no second check. */
export function isKnownField(name: string): boolean {
  return KEYS.has(name);
}

const isBlank = (code: number) => code === 32 || code === 9;

/** The value that stands between two positions of a head, without the blanks around it (RFC 9112 §5.1). */
export function fieldValue(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Field lines in order of arrival; the same name may stand several times. */
export class HeaderList {
  readonly names: string[] = [];
  readonly keys: string[] = [];
  readonly values: string[] = [];

  get size(): number {
    return this.keys.length;
  }

  /** @param key lower case */
  add(name: string, key: string, value: string): void {
    this.names.push(name);
    this.keys.push(key);
    this.values.push(value);
  }

  append(name: string, value: string): void {
    this.add(name, fieldKey(name), value);
  }

  /** The value of the first line of that name. */
  get(key: string): string | undefined {
    const at = this.keys.indexOf(key);
    return at === -1 ? undefined : this.values[at];
  }

  /** The values of all lines of that name. */
  all(key: string): string[] {
    return this.values.filter((_, at) => this.keys[at] === key);
  }

  has(key: string): boolean {
    return this.keys.includes(key);
  }

  /** All lines of that name joined, as RFC 9110 §5.3 allows and nginx's variables do. */
  joined(key: string, separator = ', '): string | undefined {
    const first = this.keys.indexOf(key);
    if (first === -1) return undefined;
    let value = this.values[first]!;
    for (let at = first + 1; at < this.keys.length; at++) {
      if (this.keys[at] === key) value += separator + this.values[at];
    }
    return value;
  }

  /** Replaces all lines of that name by one; an empty value leaves none. */
  set(name: string, value: string): void {
    this.remove(fieldKey(name));
    if (value !== '') this.append(name, value);
  }

  remove(key: string): void {
    for (let at = this.keys.length - 1; at >= 0; at--) if (this.keys[at] === key) this.removeAt(at);
  }

  removeAt(at: number): void {
    this.names.splice(at, 1);
    this.keys.splice(at, 1);
    this.values.splice(at, 1);
  }

  clone(): HeaderList {
    const copy = new HeaderList();
    for (let at = 0; at < this.keys.length; at++) copy.add(this.names[at]!, this.keys[at]!, this.values[at]!);
    return copy;
  }
}

/** Takes out what would break the message: a value with variables may hold anything (RFC 9110 §5.5). */
export function cleanValue(text: string): string {
  return /[\0\r\n]/.test(text) ? text.replace(/[\0\r\n]/g, ' ') : text;
}

/** True when a comma-separated field holds the token, in any case (RFC 9110 §5.6.1). @param token lower case */
export function hasToken(value: string, token: string): boolean {
  const lower = value.toLowerCase();
  if (lower === token) return true;
  return lower.includes(',') && lower.split(',').some(part => part.trim() === token);
}
