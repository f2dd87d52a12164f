/** `metrics`: the page that Prometheus scrapes. */
import { EXPOSITION_TYPE } from '../metrics/exposition.ts';
import { metricsPage } from '../metrics/page.ts';
import { DONE, type Phase } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import { refuseMethod } from './refuse-method.ts';

export function metricsContent(_: unknown, { worker }: Compiler): Phase {
  return exchange => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return refuseMethod(exchange);
    const response = new Response(200);
    response.setContentType(EXPOSITION_TYPE);
    exchange.answer(response, Buffer.from(metricsPage(exchange.tables, worker), 'latin1'));
    return DONE;
  };
}
