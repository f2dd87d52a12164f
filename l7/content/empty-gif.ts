/** `empty_gif`: a transparent picture of one pixel. */
import { DONE, type Phase } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import { refuseMethod } from './refuse-method.ts';

/** GIF 89a: 1 × 1, two colours, the first one transparent. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
/** nginx's picture is as old as this; the time never changes. */
const AGE_MS = Date.UTC(1970, 8, 28, 6, 0, 0);

export function emptyGif(): Phase {
  return exchange => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return refuseMethod(exchange);
    const response = new Response(200);
    response.setContentType('image/gif');
    response.lastModifiedMs = AGE_MS;
    response.conditional = true;
    exchange.answer(response, PIXEL);
    return DONE;
  };
}
