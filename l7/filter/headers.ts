/** add_header, add_trailer and expires. */
import type { AddedHeader } from '#model/l7/headers.ts';
import type { Exchange } from '../exchange.ts';
import { fieldKey } from '../field-names.ts';
import { cleanValue, HeaderList } from '../message.ts';
import type { BodySink, Response } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import type { Text } from '../variable/space.ts';
import { parseHttpDate } from '../wire/http-date.ts';
import { expiresSetter } from './expires.ts';

/** The statuses that headers are added to without `always`. */
const USUAL = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

interface Added {
  readonly name: string;
  readonly key: string;
  readonly value: Text;
  readonly always: boolean;
}

export function headersFilter(compiler: Compiler): HeaderFilter | undefined {
  const { headers } = compiler.location.settings;
  const setExpires = expiresSetter(headers.expires, compiler);
  const added = headers.added.map(compile(compiler));
  const trailers = headers.trailers.map(compile(compiler));
  if (!setExpires && added.length === 0 && trailers.length === 0) return undefined;
  return (exchange, response) => {
    if (exchange.main !== exchange) return;
    const usual = USUAL.has(response.status);
    if (setExpires && usual) setExpires(exchange, response);
    for (const header of added) if (usual || header.always) add(header, exchange, response);
    const sent = usual ? trailers : trailers.filter(trailer => trailer.always);
    if (sent.length > 0) promiseTrailers(sent, exchange, response);
  };
}

const compile =
  ({ text }: Compiler) =>
  ({ name, value, always }: AddedHeader): Added => ({
    name,
    key: fieldKey(name),
    value: text(value),
    always,
  });

/** An empty value adds nothing; of ETag and Last-Modified there is one only, which it takes away. */
function add({ name, key, value }: Added, exchange: Exchange, response: Response): void {
  const text = cleanValue(value(exchange));
  if (key === 'etag') response.headers.set(name, text);
  else if (key === 'last-modified') {
    response.headers.set(name, text);
    response.lastModifiedMs = parseHttpDate(text);
  } else if (text !== '') response.headers.add(name, key, text);
}

/** The values are those at the end of the body. */
function promiseTrailers(trailers: readonly Added[], exchange: Exchange, response: Response): void {
  response.trailers ??= new HeaderList();
  exchange.addFilter(next => new TrailerSink(next, trailers, exchange, response));
}

class TrailerSink implements BodySink {
  readonly #next: BodySink;
  readonly #trailers: readonly Added[];
  readonly #exchange: Exchange;
  readonly #response: Response;

  constructor(next: BodySink, trailers: readonly Added[], exchange: Exchange, response: Response) {
    this.#next = next;
    this.#trailers = trailers;
    this.#exchange = exchange;
    this.#response = response;
  }

  write(data: Buffer): boolean {
    return this.#next.write(data);
  }

  end(): void {
    for (const { name, key, value } of this.#trailers) {
      const text = cleanValue(value(this.#exchange));
      if (text !== '') this.#response.trailers?.add(name, key, text);
    }
    this.#next.end();
  }
}
