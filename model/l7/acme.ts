/** Certificates that authorities issue by themselves (ACME, RFC 8555): who is asked, for which names, and how names are proved. */
import type { FileText } from './tls.ts';

export const ACME_CHALLENGES = ['http-01', 'tls-alpn-01', 'dns-01'] as const;
export type AcmeChallenge = (typeof ACME_CHALLENGES)[number];

export const ACME_KEYS = ['ecdsa:256', 'ecdsa:384', 'ecdsa:521', 'rsa:2048', 'rsa:3072', 'rsa:4096'] as const;
export type AcmeKey = (typeof ACME_KEYS)[number];

/** The program that writes and removes the TXT records of dns-01. */
export interface DnsHook {
  /** An absolute path, and arguments. */
  readonly command: readonly string[];
  readonly user: string;
  readonly timeoutMs: number;
  /** Between its end and the word to the authority. */
  readonly waitMs: number;
}

export interface AcmeIssuer {
  readonly name: string;
  /** Its directory: always https. */
  readonly uri: string;
  /** URLs, mailto: most of all. */
  readonly contacts: readonly string[];
  /** A key to make, or one that is there. Key material: never to be printed. */
  readonly accountKey: AcmeKey | FileText;
  /** External account binding (RFC 8555 §7.3.4); `key` is base64url. Never to be printed. */
  readonly externalAccount: { readonly kid: string; readonly key: string } | undefined;
  readonly acceptsTerms: boolean;
  readonly challenge: AcmeChallenge;
  readonly hook: DnsHook | undefined;
  readonly profile: { readonly name: string; readonly isRequired: boolean } | undefined;
  /** The common name of whoever issued the last certificate of the chain that is wanted. */
  readonly preferredChain: string | undefined;
  /** Absolute; undefined: nothing outlives the process. */
  readonly statePath: string | undefined;
  /** Whose certificates the authority's server may show; undefined: those that the runtime trusts. */
  readonly trusted: FileText | undefined;
  readonly verify: boolean;
}

/** What a certificate is for: a name, `*.` before it with dns-01, or an address (RFC 8738). */
export interface AcmeIdentifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

export interface AcmeCertificate {
  /** `issuer/name-digest`: the same for the same names, whatever else changes. */
  readonly id: string;
  readonly issuer: string;
  readonly identifiers: readonly AcmeIdentifier[];
  readonly key: AcmeKey;
  /** First names of the servers that have it. */
  readonly usedBy: readonly string[];
}

export interface AcmeModel {
  readonly issuers: readonly AcmeIssuer[];
  readonly certificates: readonly AcmeCertificate[];
}
