/** `metrics`: the page that Prometheus scrapes. */
import { EXPOSITION_TYPE } from '#kit/exposition.ts';
import type { Exchange } from '../exchange.ts';
import { metricsPage } from '../metrics/page.ts';
import { type Phase, WAIT } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import type { Worker } from '../worker.ts';
import { refuseMethod } from './refuse-method.ts';

export function metricsContent(_: unknown, { worker }: Compiler): Phase {
  return exchange => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return refuseMethod(exchange);
    void answer(exchange, worker);
    return WAIT;
  };
}

/** The other tiers are asked first: what is counted here is of the moment of the answer. */
async function answer(exchange: Exchange, worker: Worker): Promise<void> {
  const otherTiers = await worker.tierMetrics.text();
  if (exchange.closed) return;
  try {
    const page = Buffer.from(metricsPage(exchange.tables, worker.seat, otherTiers), 'latin1');
    const response = new Response(200);
    response.setContentType(EXPOSITION_TYPE);
    exchange.answer(response, page);
  } catch (fault) {
    exchange.log('crit', `internal fault: ${(fault as Error).stack}`);
    exchange.resume(500);
  }
}
