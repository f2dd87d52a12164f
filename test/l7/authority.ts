/** A certificate authority for tests, made by the openssl command in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Issued = { readonly cert: string; readonly key: string };

export type IssueOptions = {
  /** `ec` (P-256) unless told. */
  type?: 'ec' | 'rsa';
  names?: readonly string[];
  subject?: string;
  /** From today; a negative number is past. */
  days?: number;
  /** May issue itself. */
  authority?: boolean;
  /** Further extensions, as in `extendedKeyUsage=OCSPSigning`. */
  extensions?: readonly string[];
};

export class Authority implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'moat-ca-'));
  readonly cert: string;
  readonly key: string;
  #count = 0;

  /** @param from signs this one, else it is a root */
  constructor(name = 'Test CA', from?: Authority) {
    const options: IssueOptions = { subject: `/CN=${name}`, authority: true };
    const own = from ? from.issue(name, options) : this.#make(options, []);
    this.cert = own.cert;
    this.key = own.key;
    writeFileSync(join(this.dir, 'ca.crt'), own.cert);
    writeFileSync(join(this.dir, 'ca.key'), own.key);
  }

  /** A certificate for `name`, signed by this authority. */
  issue(name: string, options: IssueOptions = {}): Issued {
    return this.#make({ subject: `/CN=${name}`, names: [name], ...options }, [
      '-CA',
      join(this.dir, 'ca.crt'),
      '-CAkey',
      join(this.dir, 'ca.key'),
    ]);
  }

  #make(
    {
      type = 'ec',
      names = [],
      subject = '/CN=x',
      days = 30,
      authority = false,
      extensions = [],
    }: IssueOptions,
    signer: string[],
  ): Issued {
    const at = join(this.dir, String(this.#count++));
    const newKey = type === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const all = [
      ...(authority
        ? ['basicConstraints=critical,CA:TRUE', 'keyUsage=keyCertSign,cRLSign']
        : ['basicConstraints=CA:FALSE']),
      ...(names.length > 0 && !authority
        ? [`subjectAltName=${names.map(name => `DNS:${name}`).join(',')}`]
        : []),
      ...extensions,
    ];
    const added = all.flatMap(extension => ['-addext', extension]);
    // The defaults of the system's openssl.cnf would add a second basicConstraints.
    const config = ['-config', '/dev/null', '-subj', subject, '-utf8', '-multivalue-rdn'];
    openssl(
      'req',
      '-x509',
      '-newkey',
      ...newKey,
      '-nodes',
      '-keyout',
      `${at}.key`,
      '-out',
      `${at}.crt`,
      '-days',
      String(days),
      ...config,
      ...added,
      ...signer,
    );
    return { cert: readFileSync(`${at}.crt`, 'latin1'), key: readFileSync(`${at}.key`, 'latin1') };
  }

  /** A PKCS#12 bundle (latin1) of a certificate and its key. */
  bundle({ cert, key }: Issued, password: string): string {
    const path = join(this.dir, 'bundle.pem');
    writeFileSync(path, cert + key);
    return openssl('pkcs12', '-export', '-in', path, '-passout', `pass:${password}`);
  }

  /** A revocation list of some certificates. */
  revocationList(revoked: readonly Issued[]): string {
    const path = (name: string) => join(this.dir, name);
    writeFileSync(
      path('ca.cnf'),
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${path('index')}\ncrlnumber=${path('number')}\ndefault_md=sha256\ndefault_crl_days=30\n`,
    );
    writeFileSync(path('index'), '');
    writeFileSync(path('number'), '01\n');
    const ca = ['ca', '-config', path('ca.cnf'), '-cert', path('ca.crt'), '-keyfile', path('ca.key')];
    for (const { cert } of revoked) {
      writeFileSync(path('revoked.crt'), cert);
      openssl(...ca, '-revoke', path('revoked.crt'));
    }
    openssl(...ca, '-gencrl', '-out', path('list.crl'));
    return readFileSync(path('list.crl'), 'latin1');
  }

  /**
   * What an OCSP responder of this authority answers from: a line for each certificate that it knows.
   *
   * @returns the path of the file
   */
  statusFile(good: readonly Issued[], revoked: readonly Issued[] = []): string {
    const path = join(this.dir, 'status');
    const line = (state: string, { cert }: Issued) => {
      const { serialNumber, validToDate } = new X509Certificate(cert);
      const until = utcTime(validToDate);
      const since = state === 'R' ? utcTime(new Date()) : '';
      return `${state}\t${until}\t${since}\t${serialNumber}\tunknown\t/CN=${serialNumber}\n`;
    };
    const lines = [...good.map(one => line('V', one)), ...revoked.map(one => line('R', one))];
    writeFileSync(path, lines.join(''));
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** As certificates have it: YYMMDDhhmmssZ. */
const utcTime = (date: Date) => `${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`;

/** Runs the openssl command. @returns what it says on stdout, latin1 */
export const openssl = (...args: string[]): string => opensslWith('', ...args);

/** Runs it with some bytes (latin1) as its input. */
export const opensslWith = (input: string, ...args: string[]): string =>
  execFileSync('openssl', args, { input: Buffer.from(input, 'latin1'), stdio: 'pipe' }).toString('latin1');
