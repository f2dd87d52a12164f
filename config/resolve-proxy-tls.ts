/** Holds what locations say about TLS to servers together: it may come from several blocks. */
import type { LocationModel, ServerModel } from '#model/l7/http.ts';
import { type ProxyTlsSettings, protocolsBy } from '#model/l7/proxy-tls.ts';
import { ArgumentFault } from './argument.ts';
import type { Site } from './lex.ts';
import { certificatesOf, openKey } from './pem.ts';
import type { Surroundings } from './scope.ts';

/** Tells contradictions at the location that first has them. */
export function checkProxyTls(servers: readonly ServerModel[], around: Surroundings): void {
  const seen = new Set<ProxyTlsSettings>();
  for (const server of servers) visit(server.root, seen, around);
}

function visit(location: LocationModel, seen: Set<ProxyTlsSettings>, around: Surroundings): void {
  const { content, settings, limitExcept } = location;
  const speaksTls = content.kind === 'proxy' && (content.target.dynamic || content.target.scheme === 'https');
  if (speaksTls && !seen.has(settings.proxyTls)) {
    seen.add(settings.proxyTls);
    judge(settings.proxyTls, { ...location.site, column: 1, length: 1 }, around);
  }
  for (const inner of [...location.locations, ...location.conditional]) visit(inner, seen, around);
  if (limitExcept) visit(limitExcept.location, seen, around);
}

function judge(tls: ProxyTlsSettings, site: Site, { faults }: Surroundings): void {
  if (tls.verify && !tls.trustedCertificate)
    faults.error(
      'certificate',
      'no proxy_ssl_trusted_certificate for proxy_ssl_verify',
      site,
      'name a file of the authorities, such as /etc/ssl/certs/ca-certificates.crt',
    );
  if (protocolsBy(tls.protocols, tls.commands).length === 0)
    faults.error('value', 'no version of TLS is left between MinProtocol and MaxProtocol', site);
  try {
    refuseStrangeKey(tls);
  } catch (error) {
    if (!(error instanceof ArgumentFault)) throw error;
    faults.error('certificate', error.message, site, error.hint);
  }
}

/** @throws {ArgumentFault} unless the key is that of the certificate */
function refuseStrangeKey({ certificate, certificateKey, passwords }: ProxyTlsSettings): void {
  if (!certificate) return;
  if (!certificateKey)
    throw new ArgumentFault(
      `no "proxy_ssl_certificate_key" is defined for certificate "${'path' in certificate ? certificate.path : 'of variables'}"`,
      'add its key',
    );
  if (!('text' in certificate && 'text' in certificateKey)) return; // they are seen when a server is connected to
  const { key } = openKey(certificateKey, passwords);
  if (!certificatesOf(certificate)[0]!.checkPrivateKey(key))
    throw new ArgumentFault(
      `the key in ${certificateKey.path} is not that of the certificate in ${certificate.path}`,
    );
}
