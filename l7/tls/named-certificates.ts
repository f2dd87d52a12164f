/** Servers' certificates whose paths have variables: chosen and read when a client comes. */
import type { CertificateModel, ServerTls } from '#model/l7/tls.ts';
import type { TlsHandle } from '#native/tls.ts';
import type { Exchange } from '../exchange.ts';
import type { Context, SecureContexts } from './context.ts';
import { pemCredential } from './credentials.ts';
import { NamedFiles, sourceOf } from './named-files.ts';

type NamedModel = Extract<CertificateModel, { kind: 'template' }>;

export const hasNamed = ({ certificates }: ServerTls): boolean =>
  certificates.some(({ kind }) => kind === 'template');

export class NamedCertificates {
  readonly #contexts: SecureContexts;
  readonly #nowMs: () => number;
  readonly #bySettings = new WeakMap<ServerTls, NamedFiles<Context>>();

  constructor(contexts: SecureContexts, nowMs: () => number) {
    this.#contexts = contexts;
    this.#nowMs = nowMs;
  }

  /**
   * The context to show to a client.
   *
   * @param exchange in whose variables the paths are
   * @throws {Error} when a file cannot be read, or holds no certificate
   */
  of(tls: ServerTls, exchange: Exchange, alpn: readonly string[]): TlsHandle {
    const files = this.#bySettings.get(tls) ?? new NamedFiles<Context>(tls.certificateCache, this.#nowMs);
    this.#bySettings.set(tls, files);
    const pairs = tls.certificates.map(model =>
      model.kind === 'template' ? namesOf(model, exchange) : model,
    );
    const { issuedEdition } = this.#contexts;
    const named = pairs.map(pair => {
      if ('names' in pair) return pair.names;
      return pair.kind === 'issued' ? issuedEdition : '';
    });
    const key = JSON.stringify([alpn, named]);
    const context = files.get(key, read => {
      const credentials = pairs.map(pair =>
        'names' in pair
          ? pemCredential(pair.names.map(read), pair.passphrases)
          : this.#contexts.credential(pair),
      );
      return this.#contexts.make(tls, credentials, alpn);
    });
    return this.#contexts.fresh(context);
  }
}

const namesOf = ({ certificate, key, passphrases, confDir }: NamedModel, exchange: Exchange) => ({
  names: [sourceOf(certificate, confDir, exchange), sourceOf(key, confDir, exchange)],
  passphrases,
});
