/** A certificate for trying TLS on this machine: P-256, signed by its own key, for a few days. */
import { type KeyAndCertificate, selfSigned } from '../x509/self-signed.ts';

/** Makes a key and a certificate for `localhost`, 127.0.0.1 and ::1; both in PEM. */
export const developmentCertificate = (days: number): KeyAndCertificate =>
  selfSigned({
    ...{ commonName: 'localhost', days },
    names: [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ],
  });
