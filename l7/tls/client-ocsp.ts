/** Asks the authorities of clients whether their certificates are still good (ssl_ocsp). */
import { createHash, X509Certificate } from 'node:crypto';
import type { ClientOcspModel, ServerTls } from '#model/l7/tls.ts';
import { ocspRequest, ocspVerdict } from '#native/ocsp.ts';
import type { OcspMeans } from './ocsp-responder.ts';
import { bytesOf } from './options.ts';

/** About what an answer takes in the cache. */
const ENTRY_BYTES = 256;

interface Known {
  readonly status: string;
  readonly untilMs: number;
}

/** What is wrong with a certificate: `fault` for the client, `reason` for the log. */
export interface Refusal {
  readonly fault: string;
  readonly reason: string;
}

export class ClientOcsp {
  readonly #means: OcspMeans;
  /** By the name of the cache. */
  readonly #caches = new Map<string, Map<string, Known>>();

  constructor(means: OcspMeans) {
    this.#means = means;
  }

  /**
   * @param chain DER from the client's own certificate to a trusted one
   * @returns undefined when all that is to be asked about is good
   */
  async check(tls: ServerTls, ocsp: ClientOcspModel, chain: readonly Buffer[]): Promise<Refusal | undefined> {
    if (chain.length === 0)
      return { fault: 'certificate status request failed', reason: 'no chain to a trusted certificate' };
    const most = ocsp.scope === 'leaf' ? 1 : chain.length - 1;
    for (let at = 0; at < most && at < chain.length - 1; at++) {
      const refusal = await this.#checkOne(tls, ocsp, chain[at]!, chain[at + 1]!);
      if (refusal) return refusal;
    }
    return undefined;
  }

  async #checkOne(
    tls: ServerTls,
    ocsp: ClientOcspModel,
    certificate: Buffer,
    issuer: Buffer,
  ): Promise<Refusal | undefined> {
    const url = ocsp.responder ?? responderOf(certificate);
    try {
      const status = await this.#status(tls, ocsp, url, certificate, issuer);
      if (status === 'good') return undefined;
      const reason = `certificate status "${status}" in the OCSP response`;
      const fault = status === 'revoked' ? 'certificate revoked' : 'certificate status request failed';
      return { fault, reason: `${reason} while requesting certificate status, responder: ${url}` };
    } catch (error) {
      const reason = `${(error as Error).message} while requesting certificate status, responder: ${url}`;
      return { fault: 'certificate status request failed', reason };
    }
  }

  async #status(
    tls: ServerTls,
    ocsp: ClientOcspModel,
    url: string | undefined,
    certificate: Buffer,
    issuer: Buffer,
  ): Promise<string> {
    const cache = ocsp.cache && this.#cache(ocsp.cache.name);
    const key = createHash('sha256').update(issuer).update(certificate).digest('base64');
    const known = cache?.get(key);
    if (known && known.untilMs > this.#means.nowMs()) return known.status;
    if (url === undefined) throw new Error('no OCSP responder URL in the certificate');
    const answer = await this.#means.ask(
      url,
      ocspRequest(certificate, issuer),
      this.#means.resolverOf(ocsp.resolver),
    );
    const trusted = [tls.clientCertificate, tls.trustedCertificate].map(file => file?.text ?? '').join('\n');
    const verdict = ocspVerdict({ certificate, issuer, answer, verify: true, trusted: bytesOf(trusted) });
    if (cache) remember(cache, key, verdict, ocsp.cache!.bytes / ENTRY_BYTES);
    return verdict.status;
  }

  #cache(name: string): Map<string, Known> {
    const cache = this.#caches.get(name) ?? new Map<string, Known>();
    this.#caches.set(name, cache);
    return cache;
  }
}

/** An answer without an end is not kept, as in nginx. The oldest makes room. */
function remember(cache: Map<string, Known>, key: string, verdict: Known, most: number): void {
  if (verdict.untilMs < 0) return;
  cache.delete(key);
  const [oldest] = cache.keys();
  if (cache.size >= most && oldest !== undefined) cache.delete(oldest);
  cache.set(key, verdict);
}

const responderOf = (certificate: Buffer): string | undefined =>
  /^OCSP - URI:(\S+)/m.exec(new X509Certificate(certificate).infoAccess ?? '')?.[1];
