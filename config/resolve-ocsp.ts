/** What a configuration says of OCSP: stapling, and the certificates of clients. */
import { CORE_DEFAULTS } from '#model/l7/core.ts';
import type { OcspResolver, ServerTls } from '#model/l7/tls.ts';
import type { HttpDraft, ServerDraft, TlsDraft } from './draft.ts';
import type { Site } from './lex.ts';
import { certificatesOf } from './pem.ts';
import type { Surroundings } from './scope.ts';

export function staplingOf(
  { stapling }: TlsDraft,
  resolver: OcspResolver | undefined,
): ServerTls['stapling'] {
  const { on, file, responder, verify = false } = stapling;
  return on ? { file, responder, verify, resolver } : undefined;
}

export function ocspOf({ ocsp }: TlsDraft, resolver: OcspResolver | undefined): ServerTls['ocsp'] {
  const { scope = 'off', responder, cache } = ocsp;
  return scope === 'off' ? undefined : { scope, responder, cache, resolver };
}

/** The name servers of a server's own block. */
export function resolverOf(http: HttpDraft, server: ServerDraft): OcspResolver | undefined {
  const core = { ...http.own.core, ...server.root.own.core };
  const { resolver: settings, resolverTimeoutMs: timeoutMs = CORE_DEFAULTS.resolverTimeoutMs } = core;
  return settings && { settings, timeoutMs };
}

/** Whether a server that sets no TLS of its own has a resolver of its own to look responders up by. */
export function asksByItself({ tls: { stapling, ocsp } }: HttpDraft, server: ServerDraft): boolean {
  const asks = stapling.on === true || (ocsp.scope ?? 'off') !== 'off';
  return asks && server.root.own.core?.resolver !== undefined;
}

/** As nginx does: a certificate that cannot be asked about is shown without an answer. */
export function warnOfStapling(tls: ServerTls, site: Site, { faults }: Surroundings): void {
  const { stapling, trustedCertificate } = tls;
  if (!stapling || stapling.file) return;
  const trusted = trustedCertificate ? certificatesOf(trustedCertificate) : [];
  for (const model of tls.certificates) {
    if (model.kind !== 'pem') continue;
    const [own, ...chain] = certificatesOf(model.certificate);
    const hasIssuer = [...chain, ...trusted].some(candidate => own!.checkIssued(candidate));
    const hasResponder = stapling.responder !== undefined || /^OCSP - URI:/m.test(own!.infoAccess ?? '');
    if (hasIssuer && hasResponder) continue;
    const missing = hasIssuer ? 'no OCSP responder URL in the certificate' : 'issuer certificate not found';
    faults.warn(
      'stapling',
      `"ssl_stapling" ignored, ${missing} for certificate "${model.certificate.path}"`,
      site,
      hasIssuer
        ? 'name the responder with ssl_stapling_responder'
        : 'add the issuer to the certificate file, or to ssl_trusted_certificate',
    );
  }
}
