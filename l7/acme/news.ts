/** What control tells the L7 tier of certificates that authorities issue, and of what they may ask before they do. */

/** A certificate that is in force, with its key; PEM, latin1. Never to be printed. */
export interface IssuedPair {
  /** Of AcmeModel. */
  readonly id: string;
  /** The certificate itself, then those that lead to its root. */
  readonly certificate: string;
  readonly key: string;
}

/** How it is shown that a name is ours. */
export type AcmeAnswer =
  /** RFC 8555 §8.3. */
  | { readonly kind: 'http-01'; readonly token: string; readonly text: string }
  /** RFC 8737 §3. `name`: as the authority names it in its ClientHello. */
  | {
      readonly kind: 'tls-alpn-01';
      readonly name: string;
      readonly certificate: string;
      readonly key: string;
    };

export interface AcmeNews {
  /** They take the place of those with the same id. */
  readonly pairs?: readonly IssuedPair[];
  /** All that hold from now on. */
  readonly answers?: readonly AcmeAnswer[];
}
