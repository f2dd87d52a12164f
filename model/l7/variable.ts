/** Variables that the configuration itself defines. */
import type { HostnameTable } from '../hostnames.ts';
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
      /** Wildcards stand in it only with `hostnames`. */
      readonly keys: HostnameTable<Template>;
      readonly patterns: readonly { readonly pattern: Pattern; readonly value: Template }[];
      readonly fallback: Template;
      /** A dot at the end of what is looked up does not count. */
      readonly hostnames: boolean;
      /** Worked out anew each time. */
      readonly volatile: boolean;
    };
