/** `stub_status`: connections and requests in the few lines that programs made for nginx read. */
import type { Traffic } from '../metrics/traffic.ts';
import { DONE, type Phase } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import { refuseMethod } from './refuse-method.ts';

export function stubStatus(): Phase {
  return exchange => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return refuseMethod(exchange);
    const response = new Response(200);
    response.setContentType('text/plain');
    exchange.answer(response, Buffer.from(textOf(exchange.tables.traffic), 'latin1'));
    return DONE;
  };
}

/** Blanks at the ends of lines and before the counts are part of the format. */
function textOf(traffic: Traffic): string {
  const { active, reading, writing, waiting } = traffic.states();
  return [
    `Active connections: ${active} `,
    'server accepts handled requests',
    ` ${traffic.acceptedCount} ${traffic.handledCount} ${traffic.requestCount} `,
    `Reading: ${reading} Writing: ${writing} Waiting: ${waiting} `,
    '',
  ].join('\n');
}
