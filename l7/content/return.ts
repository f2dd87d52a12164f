/** Answers with a text or a redirect that the configuration holds. */
import type { Exchange } from '../exchange.ts';
import { DONE, type Verdict } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import { locationUrl } from './redirect.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** nginx's way to close a connection without an answer. */
export const CLOSE_WITHOUT_ANSWER = 444;

/** `return STATUS TEXT`: a redirect for 301, 302, 303, 307, 308; else the text; without text the status's own page. */
export function answerText(exchange: Exchange, status: number, text: string | undefined): Verdict {
  if (text === undefined && status !== 200 && status !== 204) return status;
  if (text !== undefined && REDIRECTS.has(status)) return answerRedirect(exchange, status, text);
  const body = Buffer.from(text ?? '', 'latin1');
  const response = new Response(status);
  response.contentLength = body.length;
  if (body.length > 0) response.setContentType(contentTypeOf(exchange));
  exchange.body?.discard();
  exchange.respond(response, undefined);
  if (body.length > 0) exchange.write(body);
  exchange.end();
  return DONE;
}

/** The type that the extension of the path stands for. */
export function contentTypeOf(exchange: Exchange): string {
  const { types, defaultType } = exchange.location.core;
  const dot = exchange.path.lastIndexOf('.');
  if (dot === -1 || dot < exchange.path.lastIndexOf('/')) return defaultType;
  const extension = exchange.path.slice(dot + 1).toLowerCase();
  return Object.hasOwn(types, extension) ? types[extension]! : defaultType;
}

export function answerRedirect(exchange: Exchange, status: number, target: string): Verdict {
  exchange.redirectTo = locationUrl(exchange, target);
  return status;
}
