/** Certificates, keys and their like as files of the configuration: read, and held against what they should be. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { FileText } from '#model/l7/tls.ts';
import { ArgumentFault, Argument as Word } from './argument.ts';
import type { Scope } from './scope.ts';

/** A file whose content goes into the model; each is read once. @throws {ArgumentFault} */
export function readFileText(path: string, scope: Scope): FileText {
  const { files } = scope.http;
  const absolute = scope.confPath(path);
  const known = files.get(absolute);
  if (known) return known;
  const file: FileText = { path: absolute, text: scope.readFile(path) };
  files.set(absolute, file);
  return file;
}

/** The PEM blocks (RFC 7468) of a kind, armour included. @param label a regular expression's source */
export function pemBlocks(text: string, label: string): string[] {
  const block = new RegExp(`-----BEGIN (${label})-----[\\s\\S]*?-----END \\1-----`, 'g');
  return text.match(block) ?? [];
}

/** All certificates of a PEM file, at least one. @throws {ArgumentFault} */
export function certificatesOf({ path, text }: FileText): X509Certificate[] {
  const blocks = pemBlocks(text, '(?:X509 |TRUSTED )?CERTIFICATE');
  if (blocks.length === 0) throw new ArgumentFault(`there is no PEM certificate in ${path}`);
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(Buffer.from(block, 'latin1'));
    } catch (error) {
      throw new ArgumentFault(
        `certificate ${at + 1} in ${path} cannot be read: ${(error as Error).message}`,
        'compare it with what: openssl x509 -in FILE -text says',
      );
    }
  });
}

export interface OpenedKey {
  readonly key: KeyObject;
  /** The one of the passwords that fits; undefined for a key that is not encrypted. */
  readonly passphrase: string | undefined;
}

/** The private key of a PEM file. @throws {ArgumentFault} that says nothing of what the file holds */
export function openKey({ path, text }: FileText, passwords: readonly string[]): OpenedKey {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw new ArgumentFault(`there is no PEM private key in ${path}`);
  const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (encrypted) return openEncrypted(path, text, passwords);
  try {
    return { key: createPrivateKey(Buffer.from(text, 'latin1')), passphrase: undefined };
  } catch (error) {
    throw new ArgumentFault(`the private key in ${path} cannot be read: ${(error as Error).message}`);
  }
}

function openEncrypted(path: string, text: string, passwords: readonly string[]): OpenedKey {
  for (const passphrase of passwords) {
    try {
      const bytes = { key: Buffer.from(text, 'latin1'), passphrase: Buffer.from(passphrase, 'latin1') };
      return { key: createPrivateKey(bytes), passphrase };
    } catch {
      // not this one: the next password is tried
    }
  }
  throw new ArgumentFault(
    `the private key in ${path} is encrypted, and no password opens it`,
    'name a file of passwords with ssl_password_file (proxy_ssl_password_file for a key of the proxy)',
  );
}

/** Asks OpenSSL itself whether it takes some settings. @throws {ArgumentFault} with its reason */
export function tryContext(options: SecureContextOptions, what: string, hint?: string): void {
  try {
    createSecureContext({ ca: [], ...options });
  } catch (error) {
    throw new ArgumentFault(`${what}: ${reasonOf(error)}`, hint);
  }
}

/** `no cipher match` out of `error:0A0000B9:SSL routines::no cipher match`. */
const reasonOf = (error: unknown): string =>
  (error as Error).message.replace(/^error:[^:]*:[^:]*:[^:]*:/, '');

/** A file of certificates to trust. */
export const trustFile = () =>
  new Word<FileText>('a file of PEM certificates', (path, { scope }) => {
    const known = scope.http.files.has(scope.confPath(path));
    const file = readFileText(path, scope);
    if (!known) certificatesOf(file);
    return file;
  });

/** A file of revocation lists. */
export const crlFile = () =>
  new Word<FileText>('a file of PEM revocation lists', (path, { scope }) => {
    const file = readFileText(path, scope);
    const lists = pemBlocks(file.text, 'X509 CRL');
    if (lists.length === 0) throw new ArgumentFault(`there is no PEM revocation list in ${file.path}`);
    tryContext({ crl: lists }, `the revocation lists in ${file.path} cannot be read`);
    return file;
  });

/** A file of passwords, one a line. */
export const passwordFile = () =>
  new Word<readonly string[]>('a file of passwords', (path, { scope }) =>
    scope
      .readFile(path)
      .split(/\r?\n/)
      .filter(line => line !== ''),
  );
