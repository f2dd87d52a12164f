/** Certificates whose paths have variables: read when a client comes, and kept as long as the files stay the same. */
import { readFileSync, statSync } from 'node:fs';
import type { CertificateModel, ServerTls } from '#model/l7/tls.ts';
import type { Credential, TlsHandle } from '#native/tls.ts';
import { systemPath } from '../content/file-path.ts';
import type { Exchange } from '../exchange.ts';
import type { Context, SecureContexts } from './context.ts';
import { credentialOf, passphraseFor } from './credentials.ts';
import { bytesOf } from './options.ts';

type NamedModel = Extract<CertificateModel, { kind: 'template' }>;

export const hasNamed = ({ certificates }: ServerTls): boolean =>
  certificates.some(({ kind }) => kind === 'template');

/** Without ssl_certificate_cache: names come from clients, and must not fill the memory; files are looked at each time. */
const UNCACHED = { most: 1000, inactiveMs: 60_000, validMs: 0 };

interface Kept {
  readonly context: Context;
  /** What each file was, by path. */
  readonly stamps: ReadonlyMap<string, string>;
  validUntilMs: number;
  usedMs: number;
}

export class NamedCertificates {
  readonly #contexts: SecureContexts;
  readonly #nowMs: () => number;
  readonly #bySettings = new WeakMap<ServerTls, Map<string, Kept>>();

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
    const all = this.#bySettings.get(tls) ?? new Map<string, Kept>();
    this.#bySettings.set(tls, all);
    const pairs = tls.certificates.map(model =>
      model.kind === 'template' ? namesOf(model, exchange) : model,
    );
    const key = JSON.stringify([alpn, pairs.map(pair => ('paths' in pair ? pair.paths : ''))]);
    const before = all.get(key);
    const kept = before && this.#holds(before, tls) ? before : this.#make(tls, pairs, alpn);
    this.#keep(all, key, kept, tls);
    return this.#contexts.fresh(kept.context);
  }

  #holds(kept: Kept, tls: ServerTls): boolean {
    if (kept.validUntilMs > this.#nowMs()) return true;
    kept.validUntilMs = this.#nowMs() + (tls.certificateCache ?? UNCACHED).validMs;
    return [...kept.stamps].every(([path, stamp]) => stampOf(path) === stamp);
  }

  #make(
    tls: ServerTls,
    pairs: readonly (NamedPair | Exclude<CertificateModel, NamedModel>)[],
    alpn: readonly string[],
  ): Kept {
    const stamps = new Map<string, string>();
    const read = (source: string) => readSource(source, stamps);
    const credentials = pairs.flatMap(pair => ('paths' in pair ? open(pair, read) : credentialOf(pair)));
    const context = this.#contexts.make(tls, credentials, alpn);
    const { validMs } = tls.certificateCache ?? UNCACHED;
    return { context, stamps, validUntilMs: this.#nowMs() + validMs, usedMs: 0 };
  }

  /** The most recently used stand last; what nobody has used for long goes, and what there is too much of. */
  #keep(all: Map<string, Kept>, key: string, kept: Kept, tls: ServerTls): void {
    const { most, inactiveMs } = tls.certificateCache ?? UNCACHED;
    kept.usedMs = this.#nowMs();
    all.delete(key);
    all.set(key, kept);
    for (const [oldest, { usedMs }] of all) {
      if (all.size <= most && usedMs + inactiveMs > kept.usedMs) break;
      all.delete(oldest);
    }
  }
}

interface NamedPair {
  readonly paths: readonly [certificate: string, key: string];
  readonly passphrases: readonly string[];
}

function namesOf({ certificate, key, passphrases, confDir }: NamedModel, exchange: Exchange): NamedPair {
  const { variables } = exchange.tables;
  const source = (template: typeof certificate): string => {
    const text = variables.text(template)(exchange);
    return text.startsWith('/') || text.startsWith('data:') ? text : confDir + text;
  };
  return { paths: [source(certificate), source(key)], passphrases };
}

function open({ paths, passphrases }: NamedPair, read: (source: string) => string): Credential {
  const [certificate, key] = paths.map(read) as [string, string];
  const passphrase = passphraseFor(key, passphrases);
  return {
    certificate: bytesOf(certificate),
    key: bytesOf(key),
    ...(passphrase !== undefined && { passphrase }),
  };
}

/** @param source a path, or `data:` and the text itself */
function readSource(source: string, stamps: Map<string, string>): string {
  if (source.startsWith('data:')) return source.slice('data:'.length);
  stamps.set(source, stampOf(source));
  try {
    return readFileSync(systemPath(source), 'latin1');
  } catch (error) {
    throw new Error(`cannot load certificate "${source}": ${(error as Error).message}`, { cause: error });
  }
}

/** Looking costs a few microseconds. '' for a file that is not there. */
function stampOf(path: string): string {
  const found = statSync(systemPath(path), { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : '';
}
