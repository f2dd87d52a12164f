/** An upgrade: whether an answer fits what was asked for, the answer that tells the client, and the tunnel behind it. */
import type { Exchange } from '../exchange.ts';
import type { Response } from '../response.ts';
import { relay } from '../transport/relay.ts';
import type { Attempt } from '../variable/upstream.ts';
import type { ResponseHead } from '../wire/h1/response.ts';
import type { MemberConnection } from './member-connection.ts';

/** @returns why the status is no answer to the request; undefined: it may be one */
export function upgradeFault(exchange: Exchange, status: number): string | undefined {
  const { main, head } = exchange;
  if (status === 101)
    return main.head.upgrade === undefined ? 'upstream sent 101 to a request without Upgrade' : undefined;
  // To the client this would say that the tunnel stands.
  return status < 300 && head.opensTunnel && main === exchange
    ? `upstream sent ${status} to a request for an upgrade`
    : undefined;
}

/** Gives the answer the fields of the connection itself, which no other answer passes on. */
export function markUpgraded(response: Response, { headers }: ResponseHead): void {
  response.upgraded = true;
  const upgrade = headers.get('upgrade');
  if (upgrade !== undefined) response.headers.append('Upgrade', upgrade);
  response.headers.append('Connection', 'upgrade');
}

/**
 * Passes bytes both ways until both sides have ended, once the answer is out.
 *
 * @param idleMs without a byte end it
 * @param ended when it is over, before it is logged
 */
export function openTunnel(
  { downstream, clock }: Exchange,
  connection: MemberConnection,
  attempt: Attempt,
  idleMs: number,
  ended: () => void,
): void {
  const client = downstream.tunnel();
  if (!client) return;
  connection.expectNothing();
  relay(client, connection.transport, idleMs, clock, (fromClient, fromServer) => {
    connection.bytesReceived += fromServer;
    attempt.bodyBytes = fromServer;
    attempt.bytesSent += fromClient;
    ended();
    connection.destroy();
    downstream.tunnelEnded(fromServer);
  });
}
