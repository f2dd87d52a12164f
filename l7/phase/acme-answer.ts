/** http-01: an authority asks whether a name is ours (RFC 8555 §8.3). It is answered before all else that a server has, redirects included. */
import type { Exchange } from '../exchange.ts';
import { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import { DONE, NEXT, type Phase } from './verdict.ts';

const FOLDER = '/.well-known/acme-challenge/';

/** What nobody is asked about is left to the locations: another client may prove names there. */
export function acmeAnswerPhase({ tables, worker: { acme } }: Compiler): Phase | undefined {
  if (!tables.model.answersAcme) return undefined;
  return exchange => {
    if (!acme.awaits || !exchange.path.startsWith(FOLDER) || exchange.main !== exchange) return NEXT;
    const text = acme.httpAnswer(exchange.path.slice(FOLDER.length));
    return text === undefined ? NEXT : answer(exchange, text);
  };
}

function answer(exchange: Exchange, text: string): typeof DONE | typeof NEXT {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return NEXT;
  const response = new Response(200);
  response.setContentType('application/octet-stream');
  exchange.answer(response, Buffer.from(text, 'latin1'));
  return DONE;
}
