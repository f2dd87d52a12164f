/** What the directives about automatic certificates write into; config/resolve-acme.ts turns it into the frozen model. */
import type { AcmeIssuer, AcmeKey } from '#model/l7/acme.ts';
import type { Writable } from './draft.ts';
import type { Site, Token } from './lex.ts';

export interface AcmeIssuerDraft {
  readonly name: Token;
  readonly own: Partial<Writable<Omit<AcmeIssuer, 'name' | 'contacts' | 'statePath'>>>;
  readonly contacts: string[];
  /** Undefined: the default. */
  statePath: string | 'off' | undefined;
  readonly site: Site;
}

/** Of one server. */
export interface AcmeCertificateDraft {
  readonly issuer: Token;
  /** None: the names of the server. */
  readonly identifiers: readonly Token[];
  readonly key: AcmeKey;
  readonly site: Site;
}

export const newAcmeIssuer = (name: Token, site: Site): AcmeIssuerDraft => ({
  ...{ name, own: {}, contacts: [], statePath: undefined, site },
});
