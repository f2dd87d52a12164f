/** Which requests of HTTP/1.x are refused, or answered, before a server looks at them. */
import type { Exchange } from '../exchange.ts';
import { cleanHost } from './host.ts';
import { ANY_METHOD, answerServer } from './whole-server.ts';

/** Answers what asks about the server as a whole. @returns whether it did */
export function answeredForServer(exchange: Exchange): boolean {
  const { target, method, host } = exchange.head;
  if (target !== '*' || method !== 'OPTIONS' || !cleanHost(host ?? '')) return false;
  answerServer(exchange);
  return true;
}

/** The target or the host is none. @returns what is wrong, for log and counters */
export function refuseTarget(exchange: Exchange, hostIsWrong: boolean): string {
  const reason = `invalid ${hostIsWrong ? 'host header' : 'request target'}`;
  exchange.log('info', `client sent ${reason}`);
  exchange.keepAlive = false;
  exchange.allowed = ANY_METHOD;
  exchange.server.watchRefused?.(exchange);
  exchange.finish(exchange.head.method === 'CONNECT' ? 405 : 400);
  return reason;
}

/**
 * TRACE would hand a script the fields that a browser keeps from it, and what proxies on the way have added. What
 * follows a CONNECT may be the bytes of a tunnel.
 *
 * @returns whether it was refused
 */
export function refusedMethod(exchange: Exchange): boolean {
  const { method } = exchange.head;
  if (method !== 'TRACE' && method !== 'CONNECT') return false;
  exchange.log('info', `client sent ${method} method`);
  exchange.keepAlive = false;
  exchange.allowed = ANY_METHOD;
  exchange.server.watchRefused?.(exchange);
  exchange.finish(405);
  return true;
}
