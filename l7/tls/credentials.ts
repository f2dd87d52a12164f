/** Certificates and keys as OpenSSL takes them. */
import { createPrivateKey } from 'node:crypto';
import type { CertificateModel } from '#model/l7/tls.ts';
import type { Credential } from '#native/tls.ts';
import { bytesOf } from './options.ts';

/** Of certificates that the configuration holds. */
export function credentialOf(model: Exclude<CertificateModel, { kind: 'template' | 'issued' }>): Credential {
  const locked = model.passphrase === undefined ? {} : { passphrase: model.passphrase };
  if (model.kind === 'pkcs12') return { bundle: bytesOf(model.bundle.text), ...locked };
  return { certificate: bytesOf(model.certificate.text), key: bytesOf(model.key.text), ...locked };
}

/** @param texts PEM of a certificate, and of its key, which one of the passphrases may open */
export function pemCredential(texts: readonly string[], passphrases: readonly string[]): Credential {
  const [certificate = '', key = ''] = texts;
  const pair = { certificate: bytesOf(certificate), key: bytesOf(key) };
  const passphrase = passphraseFor(key, passphrases);
  return passphrase === undefined ? pair : { ...pair, passphrase };
}

/** Which of the passwords opens a PEM key; undefined for one that is open, or that none opens: OpenSSL will say so. */
export function passphraseFor(key: string, passphrases: readonly string[]): string | undefined {
  if (!/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key)) return undefined;
  return passphrases.find(passphrase => {
    try {
      createPrivateKey({ key: bytesOf(key), passphrase: bytesOf(passphrase) });
      return true;
    } catch {
      return false; // not this one: the next is tried
    }
  });
}
