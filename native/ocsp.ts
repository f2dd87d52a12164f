/** OCSP (RFC 6960): questions about certificates, and what answers are worth. */
import { addon } from './addon.ts';

export interface OcspVerdict {
  readonly status: 'good' | 'revoked' | 'unknown';
  /** When there will be a newer answer, ms since 1970; -1: it does not say. */
  readonly untilMs: number;
}

export interface OcspAnswer {
  /** DER, as are the next two. */
  readonly certificate: Uint8Array;
  readonly issuer: Uint8Array;
  readonly answer: Uint8Array;
  /** PEM of certificates that the signer may be among. */
  readonly chain?: Uint8Array;
  /** PEM of authorities that the signer must lead to. */
  readonly trusted?: Uint8Array;
  /** Whether the signer must be trusted; it must have signed in any case. */
  readonly verify: boolean;
}

/** The question whether a certificate is still good. @param certificate DER @param issuer DER @returns DER @throws {Error} */
export const ocspRequest = (certificate: Uint8Array, issuer: Uint8Array): Buffer =>
  addon().ocspRequest(certificate, issuer);

/** Reads an answer. @throws {Error} with what makes it worthless: not signed, too old, about something else */
export const ocspVerdict = (answer: OcspAnswer): OcspVerdict => addon().ocspVerdict(answer);
