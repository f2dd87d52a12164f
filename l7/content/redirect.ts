/** Makes the value of Location as absolute_redirect, server_name_in_redirect and port_in_redirect ask. */
import type { Exchange } from '../exchange.ts';

/** @param target an absolute URL, which stays; or a path, which gets scheme, host and port in front */
export function locationUrl(exchange: Exchange, target: string): string {
  const { core } = exchange.location;
  if (!target.startsWith('/') || !core.absoluteRedirect) return target;
  const { connection } = exchange;
  const scheme = connection.tls ? 'https' : 'http';
  const host = core.serverNameInRedirect
    ? exchange.server.model.serverName
    : exchange.host || bracketed(connection.localAddress);
  const usual = connection.tls ? 443 : 80;
  const port =
    core.portInRedirect && connection.localPort !== usual && connection.localPort !== 0
      ? `:${connection.localPort}`
      : '';
  return `${scheme}://${host}${port}${target}`;
}

/** RFC 3986 §3.2.2: an IPv6 address stands in brackets. */
const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address);
