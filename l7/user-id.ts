/** Identifiers of clients: 16 bytes in a cookie, as nginx's userid module reads and makes them. */
import { randomBytes } from 'node:crypto';
import { IpReader } from '#kit/ip.ts';
import type { UserIdSettings } from '#model/l7/user-id.ts';
import type { Exchange } from './exchange.ts';
import type { Compiler } from './tables.ts';
import { cookieOf } from './variable/header.ts';
import type { Text } from './variable/space.ts';

/** What is known of the client of a request. */
export interface UserId {
  /** The value of its cookie, '' when it has none. */
  readonly cookie: string;
  /** The identifier in it. */
  readonly got: Buffer | undefined;
  /** The identifier that it is given, or keeps under a new mark; null: it keeps what it has. Undefined until decided. */
  given: Buffer | null | undefined;
}

const BYTES = 16;
/** 16 bytes in base64 without what pads them: marks stand in its place. */
const CODED_CHARS = 22;

/** Reads and makes the identifiers of one location. */
export class UserIds {
  readonly settings: UserIdSettings;
  readonly #reset: Text;
  /** Made when the first identifier is. */
  #make: ((exchange: Exchange) => Buffer) | undefined;

  constructor({ location, text }: Compiler) {
    this.settings = location.settings.userId;
    this.#reset = text([{ variable: 'uid_reset' }]);
  }

  /** `$uid_got`: with its name, as it is logged. */
  got(exchange: Exchange): string | undefined {
    if (this.settings.mode === 'off') return undefined;
    return this.#text(this.#of(exchange).got);
  }

  /** `$uid_set`. */
  given(exchange: Exchange): string | undefined {
    return this.#text(this.give(exchange));
  }

  /** What the client is to be called from now on, if it has to be told. */
  give(exchange: Exchange): Buffer | undefined {
    const { mode } = this.settings;
    if (mode === 'off' || mode === 'log') return undefined;
    const id = this.#of(exchange);
    if (id.given === undefined) id.given = this.#decide(exchange, id);
    return id.given ?? undefined;
  }

  /** The value of the cookie. */
  cookie(id: Buffer): string {
    const { mark } = this.settings;
    const coded = id.toString('base64');
    return mark === undefined ? coded : `${coded.slice(0, CODED_CHARS)}${mark}=`;
  }

  #decide(exchange: Exchange, { got, cookie }: UserId): Buffer | null {
    if (!got) return this.#new(exchange);
    const reset = this.#reset(exchange);
    if (reset === '' || reset === '0') return this.#bearsMark(cookie) ? null : got;
    if (reset === 'log') exchange.log('notice', `userid cookie "${this.#text(got)}" was reset`);
    return this.#new(exchange);
  }

  #new(exchange: Exchange): Buffer {
    this.#make ??= maker(this.settings);
    return this.#make(exchange);
  }

  #bearsMark(cookie: string): boolean {
    const { mark } = this.settings;
    return mark === undefined || cookie.startsWith(`${mark}=`, CODED_CHARS);
  }

  /** Reads the cookie, once a request. */
  #of({ main }: Exchange): UserId {
    return (main.userId ??= this.#read(main));
  }

  #read(exchange: Exchange): UserId {
    const cookies = exchange.head.headers.joined('cookie', ';');
    const cookie = cookies && cookieOf(cookies, this.settings.name.toLowerCase());
    if (cookie === undefined) return { cookie: '', got: undefined, given: undefined };
    return { cookie, got: decode(exchange, this.settings.name, cookie), given: undefined };
  }

  #text(id: Buffer | undefined): string | undefined {
    return id && `${this.settings.name}=${words(id)}`;
  }
}

/** Four numbers in hexadecimal, as nginx prints them on the usual machines. */
const words = (id: Buffer) =>
  [0, 4, 8, 12].map(at => id.readUInt32LE(at).toString(16).toUpperCase().padStart(8, '0')).join('');

function decode(exchange: Exchange, name: string, cookie: string): Buffer | undefined {
  const coded = cookie.slice(0, CODED_CHARS);
  const fits = /^[A-Za-z0-9+/]*$/.test(coded);
  if (coded.length < CODED_CHARS || !fits) {
    const wrong = fits ? 'too short' : 'invalid';
    exchange.log('error', `client sent ${wrong} userid cookie "${name}=${cookie}"`);
    return undefined;
  }
  const bytes = Buffer.from(coded, 'base64');
  return bytes.readUInt32LE(BYTES - 4) === 0 ? undefined : bytes;
}

/** The last number counts by these steps; the first form begins at 1, the second keeps each of its bytes above 2. */
const STEP = 0x100;
const FIRST_V1 = 1;
const FIRST_V2 = 0x0303_0302;

/** An identifier is the service, the time, a number of the maker's own, and one that counts. */
function maker({ mode, service }: UserIdSettings): (exchange: Exchange) => Buffer {
  const own = randomBytes(4);
  const first = mode === 'v1' ? FIRST_V1 : FIRST_V2;
  let count = first;
  return ({ clock, connection }) => {
    const id = Buffer.alloc(BYTES);
    const seconds = Math.floor(clock.wallMs() / 1000);
    own.copy(id, 8);
    if (mode === 'v1') {
      id.writeUInt32LE(service ?? 0, 0);
      id.writeUInt32LE(seconds, 4);
      id.writeUInt32LE(count, 12);
    } else {
      if (service === undefined) addressBytes(connection.localAddress).copy(id, 0);
      else id.writeUInt32BE(service, 0);
      id.writeUInt32BE(seconds, 4);
      id.writeUInt32BE(count, 12);
    }
    count = count + STEP > 0xffff_ffff ? first : count + STEP;
    return id;
  };
}

/** The last 4 bytes of an address; zeros for a socket that has none. */
function addressBytes(address: string): Buffer {
  const reader = new IpReader();
  return reader.read(address) ? Buffer.from(reader.bytes().slice(-4), 'latin1') : Buffer.alloc(4);
}
