/** Answers that are a status: the configured error page, else a short page of moat's own. */
import type { Exchange } from '../exchange.ts';
import { Response } from '../response.ts';
import type { ErrorPageTable } from '../tables.ts';
import { referenceOf } from '../waf/inspection.ts';
import { phraseOf } from '../wire/h1/phrase.ts';
import { CLOSE_WITHOUT_ANSWER } from './return.ts';

/** After these the framing of what follows can not be trusted, or the client should start anew. */
const CLOSING = new Set([400, 413, 414, 431, 494, 495, 496, 497, 500, 501, 505]);
/** nginx's own codes, as they leave; 494 is what an `error_page` may call 431. */
const PUBLIC_STATUS: Readonly<Record<number, number>> = { 494: 431, 495: 400, 496: 400, 497: 400 };
/** What is wrong is not the request, and the page must tell so. */
const TLS_TEXTS: Readonly<Record<number, string>> = {
  495: 'The SSL certificate error',
  496: 'No required SSL certificate was sent',
  497: 'The plain HTTP request was sent to HTTPS port',
};
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** The statuses that get a page; others are answered without a body. */
const PAGES = new Set([
  ...REDIRECTS,
  ...[400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 421, 429, 431],
  ...[500, 501, 502, 503, 504, 505, 507],
]);

export function answerError(exchange: Exchange, status: number): void {
  if (status === CLOSE_WITHOUT_ANSWER) return exchange.abort(status);
  if (CLOSING.has(status)) exchange.keepAlive = false;
  const page = takePage(exchange, status);
  if (page) return answerPage(exchange, page, status);
  exchange.errorStatus = 0;
  answerBuiltIn(exchange, PUBLIC_STATUS[status] ?? status, TLS_TEXTS[status]);
}

/** The page for a status, if there is one and the request may still get one. */
function takePage(exchange: Exchange, status: number): ErrorPageTable | undefined {
  const { errorPages, core } = exchange.location;
  if (exchange.inErrorPage || errorPages.size === 0 || !exchange.mayGoOn) return undefined;
  exchange.inErrorPage = !core.recursiveErrorPages;
  return errorPages.get(status) ?? (status === 431 ? errorPages.get(494) : undefined);
}

function answerPage(exchange: Exchange, page: ErrorPageTable, status: number): void {
  // Known before the target is made: $status may stand in it.
  exchange.errorStatus = page.answer === 'target' ? 0 : (page.answer ?? PUBLIC_STATUS[status] ?? status);
  const target = page.target(exchange);
  if (target.startsWith('/')) return toUri(exchange, target);
  if (target.startsWith('@')) {
    if (exchange.namedLocation(target)) return;
    exchange.log('error', `could not find named location "${target}"`);
    return answerError(exchange, 500);
  }
  const redirect = typeof page.answer === 'number' && REDIRECTS.has(page.answer) ? page.answer : 302;
  exchange.errorStatus = 0;
  exchange.redirectTo = target;
  answerBuiltIn(exchange, redirect);
}

/** A page is fetched with GET, whatever the request was; HEAD stays. The target is taken as it is written. */
function toUri(exchange: Exchange, target: string): void {
  if (exchange.method !== 'HEAD') exchange.method = 'GET';
  const question = target.indexOf('?');
  if (question === -1) exchange.internalRedirect(target, '');
  else exchange.internalRedirect(target.slice(0, question), target.slice(question + 1));
}

/** @param says in place of the status's usual phrase */
function answerBuiltIn(exchange: Exchange, status: number, says = phraseOf(status)): void {
  const response = new Response(status);
  if (!PAGES.has(status)) return exchange.answer(response, undefined);
  response.setContentType('text/html');
  exchange.carried?.remove('content-type');
  const text = `${status} ${says}`;
  const token = exchange.location.serverToken(exchange);
  const id = referenceOf(exchange.main);
  // By it the operator finds out why; it tells a client nothing.
  const reference = id === undefined ? '' : `<p>Reference: ${id}</p>\n`;
  exchange.answer(
    response,
    Buffer.from(
      `<!doctype html>\n<title>${text}</title>\n<h1>${text}</h1>\n${reference}<hr>${token}\n`,
      'latin1',
    ),
  );
}
