/** Settings of the referer module: which pages may refer to these. */
import type { HostnameTable } from '../hostnames.ts';
import type { Pattern } from '../template.ts';

export interface RefererSettings {
  /** False where no `valid_referers` stands: then nothing is invalid. */
  readonly judged: boolean;
  /** Requests without the field are fine. */
  readonly none: boolean;
  /** So are those whose field names no http or https page. */
  readonly blocked: boolean;
  /** Host → what the path must begin with; '' for any. */
  readonly hosts: HostnameTable<string>;
  /** Held against the host, in lower case: the patterns of `server_name`. */
  readonly hostPatterns: readonly Pattern[];
  /** Held against all that follows the scheme. */
  readonly patterns: readonly Pattern[];
}

export const REFERER_DEFAULTS: RefererSettings = {
  judged: false,
  none: false,
  blocked: false,
  hosts: { exact: [], leading: [], trailing: [] },
  hostPatterns: [],
  patterns: [],
};
