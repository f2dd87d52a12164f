/** Values by host name, with nginx's wildcards. All names are lower case. */
export interface HostnameTable<V> {
  readonly exact: readonly (readonly [name: string, value: V])[];
  /** `*.example.org` as `.example.org`; a name `.example.org` stands here and in `exact`. */
  readonly leading: readonly (readonly [suffix: string, value: V])[];
  /** `www.example.*` as `www.example.`. */
  readonly trailing: readonly (readonly [prefix: string, value: V])[];
}
