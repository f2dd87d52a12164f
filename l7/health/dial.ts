/** Opens a connection for a check, the way that requests of the location would take. */
import { connect, type Socket } from 'node:net';
import type { HealthCheckModel } from '#model/l7/health.ts';
import { fixedAddress } from '../upstream/way-out.ts';
import { OWN_HEADERS } from '../wire/proxy/write.ts';
import type { CheckTarget } from './probe.ts';

/**
 * From the address of proxy_bind, unless that is the client's, and with the PROXY protocol's header of a connection that
 * has no client.
 */
export function dial({ proxy }: HealthCheckModel, { host, port, unixPath }: CheckTarget): Socket {
  const local = proxy.bind?.transparent ? undefined : fixedAddress(proxy);
  const from = local && { localAddress: local.address, ...(local.port > 0 && { localPort: local.port }) };
  const socket = connect(unixPath === undefined ? { host, port, ...from } : { path: unixPath });
  if (proxy.proxyProtocol !== 'off') socket.write(OWN_HEADERS[proxy.proxyProtocol], 'latin1');
  return socket;
}
