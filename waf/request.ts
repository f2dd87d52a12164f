/** The request as rules see it: parts of the head, read when first asked for. */
import { decodePercent, readUrlencoded } from './body/urlencoded.ts';
import type { Settings } from './settings.ts';
import { type Entry, entriesOfPairs, entry } from './variable/variable.ts';

/** What the server knows when a request's head is complete. All text is latin1: one char a byte. */
export interface RequestHead {
  /** Unique, short, and fit for logs: what an operator looks events up by. */
  readonly id: string;
  readonly method: string;
  /** As sent: `/path?query`, or with scheme and host. */
  readonly target: string;
  /** `HTTP/1.1`, `HTTP/2.0`; as sent where it is malformed. */
  readonly protocol: string;
  /** Name, value, name, value, in the order and spelling in which they were sent. */
  readonly headers: readonly string[];
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

const ABSOLUTE = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#]*/;

export class RequestFacts {
  readonly head: RequestHead;
  readonly headers: readonly Entry[];
  /** Without scheme and host, still percent-encoded. */
  readonly uri: string;
  /** Undefined without a `?`. */
  readonly query: string | undefined;
  /** Of the path; after decoding, for it is what servers look files up by. */
  readonly filename: string;
  readonly argsGet: readonly Entry[];
  /** Whether a `%` in query or body was followed by something else than two hexadecimal digits. */
  urlencodedError = false;
  /** Whether there were more arguments than `SecArgumentsLimit`. */
  argumentsExceeded = false;
  argumentCount = 0;
  readonly #settings: Settings;
  #cookies: readonly Entry[] | undefined;

  constructor(head: RequestHead, settings: Settings) {
    this.head = head;
    this.#settings = settings;
    this.headers = entriesOfPairs(head.headers);
    const absolute = head.target.startsWith('/') ? undefined : ABSOLUTE.exec(head.target)?.[0];
    this.uri = absolute === undefined ? head.target : head.target.slice(absolute.length) || '/';
    const fragment = this.uri.indexOf('#');
    const whole = fragment < 0 ? this.uri : this.uri.slice(0, fragment);
    const mark = whole.indexOf('?');
    this.query = mark < 0 ? undefined : whole.slice(mark + 1);
    const path = mark < 0 ? whole : whole.slice(0, mark);
    this.filename = path.includes('%') ? decodePercent(path) : path;
    this.argsGet = this.query ? this.readArguments(this.query) : [];
  }

  /** @param lower the header's name in lower case @returns the first of that name */
  header(lower: string): string | undefined {
    for (const one of this.headers) if (one.lower === lower) return one.value;
    return undefined;
  }

  /** Of the body, as Content-Type says: lower case, without parameters; '' where it does not. */
  get mediaType(): string {
    return (this.header('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase();
  }

  /** What Host says, lower case and without the port. */
  get host(): string {
    return (this.header('host') ?? '').replace(/:\d*$/, '').toLowerCase();
  }

  /** The last segment of the path. */
  get basename(): string {
    const slash = Math.max(this.filename.lastIndexOf('/'), this.filename.lastIndexOf('\\'));
    return this.filename.slice(slash + 1);
  }

  get line(): string {
    return `${this.head.method} ${this.head.target} ${this.head.protocol}`;
  }

  get cookies(): readonly Entry[] {
    return (this.#cookies ??= readCookies(this.headers, this.#settings.cookieFormat));
  }

  /** Pairs of a query or form, within the limit of arguments. */
  readArguments(text: string): Entry[] {
    const found: Entry[] = [];
    readUrlencoded(text, this.#settings.argumentSeparator, {
      argument: (name, value) => this.admit() && found.push(entry(name, value)) > 0,
      malformed: () => {
        this.urlencodedError = true;
      },
    });
    return found;
  }

  /** Counts an argument; false when there may be no more. */
  admit(): boolean {
    if (this.argumentCount >= this.#settings.argumentsLimit) {
      this.argumentsExceeded = true;
      return false;
    }
    this.argumentCount++;
    return true;
  }
}

function readCookies(headers: readonly Entry[], format: 0 | 1): Entry[] {
  const cookies: Entry[] = [];
  for (const { lower, value } of headers) {
    if (lower !== 'cookie') continue;
    for (const pair of value.split(';')) {
      const equals = pair.indexOf('=');
      const name = (equals < 0 ? pair : pair.slice(0, equals)).trim();
      if (name === '' || (format === 1 && name.startsWith('$'))) continue;
      const raw = equals < 0 ? '' : pair.slice(equals + 1).trim();
      cookies.push(entry(name, format === 1 && /^".*"$/.test(raw) ? raw.slice(1, -1) : raw));
    }
  }
  return cookies;
}
