/** Answers with a text or a redirect that the configuration holds. */
import type { Exchange } from '../exchange.ts';
import { DONE, type Verdict } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import { contentTypeOf } from './media-type.ts';
import { locationUrl } from './redirect.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** nginx's way to close a connection without an answer. */
export const CLOSE_WITHOUT_ANSWER = 444;

/** Statuses for which nginx closes the connection too, as it does when a client is slow or gone. */
const SILENT = new Set([408, 499]);

/**
 * `return STATUS TEXT`: a redirect for 301, 302, 303, 307, 308, else the text.
 *
 * @param text undefined: none was written; then 400 and above get their page
 */
export function answerText(exchange: Exchange, status: number, text: string | undefined): Verdict {
  if (text === undefined && status >= 400) return SILENT.has(status) ? close(exchange, status) : status;
  if (REDIRECTS.has(status)) return answerRedirect(exchange, status, text ?? '');
  const response = new Response(status);
  response.conditional = true;
  response.setContentType(contentTypeOf(exchange));
  exchange.answer(response, text ? Buffer.from(text, 'latin1') : undefined);
  return DONE;
}

export function answerRedirect(exchange: Exchange, status: number, target: string): Verdict {
  exchange.redirectTo = locationUrl(exchange, target);
  return status;
}

function close(exchange: Exchange, status: number): Verdict {
  exchange.abort(status);
  return DONE;
}
