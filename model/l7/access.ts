/** Settings of the modules that let a request in or not: access, auth_basic, auth_request. */
import type { Cidr } from '#kit/cidr.ts';
import type { Template } from '../template.ts';

/** One `allow` or `deny`; the first that holds the client's address decides. */
export interface AddressRule {
  readonly network: Cidr;
  readonly allow: boolean;
}

/** One `auth_request_set`: a variable and its value, worked out from the answer of the authorising request. */
export interface AuthRequestVariable {
  readonly variable: string;
  readonly value: Template;
}

export interface AccessSettings {
  readonly addressRules: readonly AddressRule[];
  /** `auth_basic`; undefined where it was never set. Evaluates to `off` where it is off. */
  readonly realm: Template | undefined;
  /** An absolute path, or one that begins with variables and may turn out relative to `confDir`. */
  readonly userFile: { readonly path: Template; readonly confDir: string } | undefined;
  /** The path that is asked; undefined where nobody is. */
  readonly authRequest: string | undefined;
  readonly authRequestVariables: readonly AuthRequestVariable[];
  /** How long a 401 is held back, against guessing. */
  readonly authDelayMs: number;
}

export const ACCESS_DEFAULTS: AccessSettings = {
  addressRules: [],
  realm: undefined,
  userFile: undefined,
  authRequest: undefined,
  authRequestVariables: [],
  authDelayMs: 0,
};
