/** Makes the client's response out of the server's: what is hidden, rewritten, or obeyed (X-Accel-*). */
import type { ProxySettings } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { fieldKey } from '../field-names.ts';
import { HeaderList } from '../message.ts';
import { mediaTypeOf, Response, UNKNOWN_LENGTH } from '../response.ts';
import type { Compiler } from '../tables.ts';
import type { ResponseHead } from '../wire/h1/response.ts';
import { percentDecode } from '../wire/h1/uri.ts';
import { parseHttpDate } from '../wire/http-date.ts';
import { cookieRewriter } from './cookie-rewrite.ts';
import { redirectRewriter } from './redirect-rewrite.ts';

/** Fields of the server's connection, and those that moat writes or obeys itself. */
const HIDDEN = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'upgrade',
];
const HIDDEN_UNLESS_PASSED = [
  'date',
  'server',
  'x-pad',
  'x-accel-expires',
  'x-accel-redirect',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
];

/** Those of a server's answers that clients do not see. Lower case. */
export function hiddenFields({ passHeaders, hideHeaders, passTrailers }: ProxySettings): Set<string> {
  const passed = new Set(passHeaders.map(fieldKey));
  return new Set([
    ...HIDDEN,
    ...(passTrailers ? [] : ['trailer']), // it announces what would not come
    ...[...HIDDEN_UNLESS_PASSED, ...hideHeaders.map(fieldKey)].filter(key => !passed.has(key)),
  ]);
}

/** @returns undefined when X-Accel-Redirect sent the request elsewhere */
export type AnswerMaker = (exchange: Exchange, head: ResponseHead, bodyDue: boolean) => Response | undefined;

export function compileAnswer(
  settings: ProxySettings,
  compiler: Compiler,
  proxyUrl: string,
  locationUri: string,
): AnswerMaker {
  const hidden = hiddenFields(settings);
  const passesServer = !hidden.has('server');
  // The server's word on ranges is not that of moat, which cuts them.
  if (settings.forceRanges) hidden.add('accept-ranges');
  const ignored = new Set(settings.ignoreHeaders.map(fieldKey));
  const rewriteRedirect = redirectRewriter(settings.redirects, compiler, proxyUrl, locationUri);
  const rewriteCookie = cookieRewriter(settings, compiler);
  return (exchange, head) => {
    const { headers } = head;
    const { keys } = headers;
    const response = new Response(head.status);
    response.reason = head.reason;
    response.contentLength = head.bodyLength >= 0 ? head.bodyLength : UNKNOWN_LENGTH;
    response.allowRanges = settings.forceRanges;
    if (passesServer) response.namesServer = false;
    let elsewhere: string | undefined;
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at]!;
      if (key.startsWith('x-accel-') && !ignored.has(key)) {
        if (key === 'x-accel-redirect') elsewhere = headers.valueAt(at);
        else obey(key, headers.valueAt(at), exchange);
      }
      if (key === 'x-accel-charset' && !ignored.has(key)) response.charset = headers.valueAt(at);
      // RFC 9110 §15.5.22: a 426 says which protocol it wants.
      if (hidden.has(key) && !(key === 'upgrade' && head.status === 426)) continue;
      let value = headers.valueAt(at);
      if (key === 'content-type') response.mediaType = mediaTypeOf(value);
      else if (key === 'last-modified') response.lastModifiedMs = parseHttpDate(value);
      else if (rewriteRedirect && (key === 'location' || key === 'refresh'))
        value = rewriteRedirect(exchange, key, value);
      else if (rewriteCookie && key === 'set-cookie') value = rewriteCookie(exchange, value);
      response.headers.add(headers.nameAt(at), key, value);
    }
    if (elsewhere === undefined) return response;
    goElsewhere(elsewhere, exchange, head); // last: in any order, the other fields hold there too
    return undefined;
  };
}

/** Fields that go with the request to where X-Accel-Redirect sends it. */
const CARRIED = [
  'content-type',
  'content-disposition',
  'set-cookie',
  'cache-control',
  'expires',
  'accept-ranges',
];

function obey(key: string, value: string, exchange: Exchange): void {
  if (key === 'x-accel-limit-rate' && /^\d+$/.test(value)) exchange.limitRateBytesPerS = Number(value);
  else if (key === 'x-accel-buffering') exchange.bufferAnswer = value.toLowerCase() !== 'no';
}

function goElsewhere(value: string, exchange: Exchange, head: ResponseHead): void {
  exchange.carried = carriedFields(head, exchange.carried);
  exchange.setSource(undefined);
  if (value.startsWith('@')) {
    if (!exchange.namedLocation(value)) exchange.finish(500);
    return;
  }
  if (exchange.method !== 'HEAD') exchange.method = 'GET';
  const question = value.indexOf('?');
  const path = percentDecode(question === -1 ? value : value.slice(0, question));
  if (path === undefined || !path.startsWith('/') || /(^|\/)\.\.(\/|$)/.test(path) || path.includes('\0')) {
    exchange.log('error', `upstream sent an unsafe X-Accel-Redirect "${value}"`);
    exchange.finish(404);
  } else exchange.internalRedirect(path, question === -1 ? '' : value.slice(question + 1));
}

/** @param before from an X-Accel-Redirect before this one: of it only cookies stay, they add up */
function carriedFields(head: ResponseHead, before: HeaderList | undefined): HeaderList {
  const carried = new HeaderList();
  for (const cookie of before?.all('set-cookie') ?? []) carried.add('Set-Cookie', 'set-cookie', cookie);
  const { names, keys, values } = head.headers;
  keys.forEach((key, at) => {
    if (CARRIED.includes(key)) carried.add(names[at]!, key, values[at]!);
  });
  return carried;
}
