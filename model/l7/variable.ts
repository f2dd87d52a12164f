/** Variables that the configuration itself defines. */
import type { Pattern, Template } from '../template.ts';

export type UserVariable =
  /**
   * Written by `set`, a regex's named group, `auth_request_set`: starts empty in each request. `weak`: nothing but `set`
   * makes it, so that until then `$arg_x` reads the argument, and a name of no such family is worth a warning.
   */
  | { readonly kind: 'set'; readonly name: string; readonly weak: boolean }
  | {
      readonly kind: 'map';
      readonly name: string;
      readonly source: Template;
      /** Keys lower case. */
      readonly exact: Readonly<Record<string, Template>>;
      /** With `hostnames`: `.example.org` suffixes and `www.` prefixes. */
      readonly leading: Readonly<Record<string, Template>>;
      readonly trailing: Readonly<Record<string, Template>>;
      readonly patterns: readonly { readonly pattern: Pattern; readonly value: Template }[];
      readonly fallback: Template;
      readonly hostnames: boolean;
      readonly volatile: boolean;
    };
