/** Answers that are a status: configured error pages, else short pages of moat's own. */
import type { Exchange } from '../exchange.ts';
import { Response } from '../response.ts';
import { phraseOf } from '../wire/h1/phrase.ts';
import { percentDecode } from '../wire/h1/uri.ts';
import { CLOSE_WITHOUT_ANSWER } from './return.ts';

/** After these the framing of what follows can not be trusted, or the client should start anew. */
const CLOSING = new Set([400, 413, 414, 431, 494, 495, 496, 497, 500, 501, 505]);
/** nginx's own codes, as they leave. */
const PUBLIC_STATUS: Readonly<Record<number, number>> = { 494: 431, 495: 400, 496: 400, 497: 400 };

export function answerError(exchange: Exchange, status: number): void {
  if (status === CLOSE_WITHOUT_ANSWER) return exchange.abort(status);
  if (CLOSING.has(status)) exchange.keepAlive = false;
  const page = exchange.location.errorPages.get(status);
  const mayPage = page && (!exchange.inErrorPage || exchange.location.core.recursiveErrorPages);
  if (!mayPage) return answerBuiltIn(exchange, exchange.errorStatus || status);
  exchange.inErrorPage = true;
  const target = page.target(exchange);
  exchange.errorStatus = page.answer === 'target' ? 0 : (page.answer ?? status);
  if (target.startsWith('/')) return toUri(exchange, target);
  if (target.startsWith('@')) {
    if (!exchange.namedLocation(target)) answerBuiltIn(exchange, 500);
    return;
  }
  const redirect = page.answer === undefined || page.answer === 'target' ? 302 : page.answer;
  exchange.errorStatus = 0;
  exchange.redirectTo = target;
  answerBuiltIn(exchange, [301, 302, 303, 307, 308].includes(redirect) ? redirect : 302);
}

/** A page is fetched with GET, whatever the request was (HEAD stays). */
function toUri(exchange: Exchange, target: string): void {
  if (exchange.method !== 'HEAD') exchange.method = 'GET';
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  exchange.internalRedirect(percentDecode(path) ?? path, question === -1 ? '' : target.slice(question + 1));
}

function answerBuiltIn(exchange: Exchange, status: number): void {
  const shown = PUBLIC_STATUS[status] ?? status;
  exchange.errorStatus = 0;
  const response = new Response(shown);
  const text = shown >= 300 ? `${shown} ${phraseOf(shown)}`.trim() : '';
  const body = Buffer.from(
    text && `<!doctype html>\n<title>${text}</title>\n<h1>${text}</h1>\n<hr>moat\n`,
    'latin1',
  );
  if (body.length > 0) response.setContentType('text/html');
  response.contentLength = body.length;
  if (exchange.redirectTo !== undefined) response.headers.append('Location', exchange.redirectTo);
  if (exchange.challenge !== undefined) response.headers.append('WWW-Authenticate', exchange.challenge);
  exchange.body?.discard();
  exchange.respond(response, undefined);
  if (body.length > 0) exchange.write(body);
  exchange.end();
}
