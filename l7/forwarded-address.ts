/** The address behind trusted proxies, out of a field like X-Forwarded-For. */
import { IpReader } from '#kit/ip.ts';
import type { IpTable } from '#kit/ip-table.ts';
import type { HeaderList } from './message.ts';

const SPACE = 32;
const COMMA = 44;

const isSeparator = (code: number) => code === SPACE || code === COMMA;

/** Follows the addresses from the last one back, as long as whoever named them is trusted. */
export class ForwardedAddress {
  /** Of the last search: the address, in its usual form once it came from a field, and its port, 0 when it has none. */
  address = '';
  port = 0;
  #found = false;
  readonly #trusted: IpTable<boolean>;
  readonly #recursive: boolean;
  readonly #reader = new IpReader();

  /** @param recursive goes back to the last address that is not trusted, instead of the last one */
  constructor(trusted: IpTable<boolean>, recursive: boolean) {
    this.#trusted = trusted;
    this.#recursive = recursive;
  }

  /** @param from the address that the request came from. @returns whether another one was found behind it */
  follow(value: string, from: string): boolean {
    this.#start(from);
    this.#walk(value);
    return this.#found;
  }

  /** All lines of a field, from the last to the first. @param key lower case */
  followLines(headers: HeaderList, key: string, from: string): boolean {
    this.#start(from);
    const { keys } = headers;
    for (let at = keys.length - 1; at >= 0; at--)
      if (keys[at] === key && (!this.#walk(headers.valueAt(at)) || !this.#recursive)) break;
    return this.#found;
  }

  #start(from: string): void {
    this.address = from;
    this.port = 0;
    this.#found = false;
  }

  /** @returns whether the line was followed to its first address */
  #walk(line: string): boolean {
    let end = line.length;
    for (;;) {
      if (this.#trusted.find(this.address) === undefined) return false;
      while (end > 1 && isSeparator(line.charCodeAt(end - 1))) end--;
      let start = end - 1;
      while (start > 0 && !isSeparator(line.charCodeAt(start))) start--;
      if (start > 0) start++;
      if (!this.#take(line.slice(start, end))) return false;
      if (!this.#recursive || start <= 0) return true;
      end = start - 1;
    }
  }

  /** An address, or with a port `1.2.3.4:80` and `[::1]:80`. */
  #take(text: string): boolean {
    const reader = this.#reader;
    if (reader.read(text)) return this.#keep(0);
    const colon = text.lastIndexOf(':');
    const port = colon === -1 ? 0 : portOf(text, colon + 1);
    if (port === 0) return false;
    const bracketed = text.charCodeAt(0) === 91;
    if (bracketed !== (text.charCodeAt(colon - 1) === 93)) return false;
    return reader.read(bracketed ? text.slice(1, colon - 1) : text.slice(0, colon)) && this.#keep(port);
  }

  #keep(port: number): boolean {
    this.address = this.#reader.format();
    this.port = port;
    this.#found = true;
    return true;
  }
}

/** @returns the port, or 0 when it is none */
function portOf(text: string, from: number): number {
  const digits = text.slice(from);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port <= 65535 ? port : 0;
}
