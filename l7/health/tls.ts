/** The TLS settings of a location, as health checks use them. */
import { isIP } from 'node:net';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import type { HealthCheckModel } from '#model/l7/health.ts';
import { requestHeader } from './request-header.ts';

export function tlsOptions(check: HealthCheckModel): ConnectionOptions {
  const { tls } = check.proxy;
  const name = tls.name === undefined ? check.pool : requestHeader(tls.name, check);
  const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'].filter(version =>
    tls.protocols.includes(version),
  ) as SecureVersion[];
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.serverName && isIP(name) === 0 && { servername: name }),
    ...(tls.trustedCertificate !== undefined && { ca: tls.trustedCertificate }),
    ...(tls.crl !== undefined && { crl: tls.crl }),
    ...(tls.certificate !== undefined && { cert: tls.certificate }),
    ...(tls.certificateKey !== undefined && { key: tls.certificateKey }),
    ...(tls.passwords[0] !== undefined && { passphrase: tls.passwords[0] }),
    ...(versions.length > 0 && { minVersion: versions[0]!, maxVersion: versions.at(-1)! }),
    ...(tls.ciphers !== 'DEFAULT' && { ciphers: tls.ciphers }),
  };
}
