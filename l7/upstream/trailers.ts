/** proxy_pass_trailers: the trailer section of a server's answer goes on behind the body. */
import type { Exchange } from '../exchange.ts';
import { HeaderList } from '../message.ts';
import { parseFields } from '../wire/h1/response.ts';

/** @param text the section as the server sent it */
export function passTrailers(exchange: Exchange, text: string): void {
  const fields = new HeaderList();
  parseFields(text, fields);
  exchange.upstreamTrailers = fields;
  const { response } = exchange;
  if (response) response.trailers = fields;
}
