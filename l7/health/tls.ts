/** The TLS settings of a location, as health checks use them. */
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import type { HealthCheckModel } from '#model/l7/health.ts';
import type { UpstreamRealms } from '../upstream/tls.ts';
import { requestHeader } from './request-header.ts';

/** @throws {Error} of OpenSSL when it refuses the settings */
export function tlsOptions(check: HealthCheckModel, realms: UpstreamRealms): ConnectionOptions {
  const { proxyTls } = check;
  const name = proxyTls.name === undefined ? check.pool : requestHeader(proxyTls.name, check);
  return {
    secureContext: realms.of(proxyTls).context,
    servername: proxyTls.serverName && isIP(name) === 0 ? name : '',
    rejectUnauthorized: proxyTls.verify,
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  };
}
