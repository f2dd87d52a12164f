/** secure_link: links that hold a digest of themselves and of a secret. */
import type { Template } from '../template.ts';

export interface SecureLinkSettings {
  /** The digest, and after a comma the time until which the link is good; undefined: none is looked at. */
  readonly link: Template | undefined;
  /** What the digest is made of. */
  readonly digested: Template | undefined;
  /** `secure_link_secret`: the digest stands in the path, and is made of what follows it there and of this word. */
  readonly secret: string | undefined;
}

export const SECURE_LINK_DEFAULTS: SecureLinkSettings = {
  link: undefined,
  digested: undefined,
  secret: undefined,
};
