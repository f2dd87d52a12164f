/** charset: says in which charset an answer is, and brings it into that one. */

import { type Recoder, type Recoding, recodingOf } from '../coding/charset.ts';
import type { Exchange } from '../exchange.ts';
import { cleanValue } from '../message.ts';
import type { BodySink, Response } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';

const WRITTEN = /;\s*charset=("?)([^\s;"]*)\1/i;

export function charsetFilter({ location, tables, text }: Compiler): HeaderFilter | undefined {
  const { to, from, override, types } = location.settings.charset;
  const { names, maps } = tables.model.charsets;
  const proxied = location.content.kind === 'proxy';
  if (to === undefined && !proxied) return undefined;
  const wanted = to === undefined ? undefined : text(to);
  const known = from === undefined ? undefined : text(from);
  // A type with parameters of its own is none of those in the list, as in nginx.
  const isWanted = (type: string, written: string | undefined) =>
    written === undefined ? types === 'any' || types.includes(type.toLowerCase()) : override;
  const target = (
    exchange: Exchange,
    asked: string | undefined,
    type: string,
    written: string | undefined,
  ) => {
    if (!asked) return wanted && isWanted(type, written) ? cleanValue(wanted(exchange)) : '';
    if (names.includes(asked.toLowerCase())) return asked;
    exchange.log('error', `unknown charset "${asked}" to override`);
    return '';
  };
  return (exchange, response) => {
    if (!wanted && response.charset === undefined) return;
    const type = response.headers.get('content-type');
    if (type === undefined || exchange.main !== exchange) return;
    const written = WRITTEN.exec(type)?.[2];
    const charset = target(exchange, response.charset, type, written);
    if (charset === '') return;
    const source = written ?? known?.(exchange);
    if (source === undefined || source.toLowerCase() === charset.toLowerCase())
      return say(response, type, charset);
    const recoding = recodingOf(maps, source.toLowerCase(), charset.toLowerCase());
    if (!recoding) {
      exchange.log('error', `no "charset_map" between the charsets "${source}" and "${charset}"`);
      return;
    }
    if (response.headers.get('content-encoding')) return;
    say(response, type, charset);
    if (!recoding.byteForByte) response.contentLength = -1;
    exchange.addFilter(next => new RecodeSink(next, recoding));
  };
}

/** Redirects say nothing: browsers of old took it for that of the page they lead to, and nginx still spares them. */
function say(response: Response, type: string, charset: string): void {
  const bare = type.replace(WRITTEN, '');
  const silent = response.status === 301 || response.status === 302;
  response.headers.set('Content-Type', silent ? bare : `${bare}; charset=${charset}`);
}

class RecodeSink implements BodySink {
  readonly #next: BodySink;
  readonly #recoder: Recoder;

  constructor(next: BodySink, recoding: Recoding) {
    this.#next = next;
    this.#recoder = recoding.start();
  }

  write(data: Buffer): boolean {
    const out = this.#recoder.recode(data);
    return out.length === 0 || this.#next.write(out);
  }

  end(): void {
    const out = this.#recoder.end();
    if (out.length > 0) this.#next.write(out);
    this.#next.end();
  }
}
