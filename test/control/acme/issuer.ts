/** An authority and a certificate of it, as a configuration has them that says little. */
import type { AcmeCertificate, AcmeIssuer } from '../../../model/l7/acme.ts';

export const ISSUER: AcmeIssuer = {
  ...{
    name: 'ca',
    uri: 'https://ca.test/',
    contacts: [],
    accountKey: 'ecdsa:256',
    externalAccount: undefined,
  },
  ...{
    acceptsTerms: true,
    challenge: 'http-01',
    hook: undefined,
    profile: undefined,
    preferredChain: undefined,
  },
  ...{ statePath: undefined, trusted: undefined, verify: true },
};

export const CERTIFICATE: AcmeCertificate = {
  ...{
    id: 'ca/a',
    issuer: 'ca',
    identifiers: [{ type: 'dns', value: 'a.test' }],
    key: 'ecdsa:256',
    usedBy: [],
  },
};
