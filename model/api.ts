/** The api block: where the control plane answers over HTTP, and whom it believes. */

export interface ApiListen {
  /** An IP address in its usual form. */
  readonly address: string;
  readonly port: number;
}

export interface ApiTls {
  /** PEM, latin1: the certificate, then those that lead to its root. */
  readonly certificate: string;
  /** PEM, latin1; not encrypted. */
  readonly key: string;
}

export interface ApiModel {
  /** At least one; not all are of loopback only where `tls` is there. */
  readonly listens: readonly ApiListen[];
  readonly tls: ApiTls | undefined;
  /** Names in Host that are this node, beside IP addresses and localhost; lower case. */
  readonly hosts: readonly string[];
  /** An absolute folder: tokens, and the audit log. */
  readonly statePath: string;
  /** The browser's console: the own one where there is one, none, or that of a folder. */
  readonly console: 'on' | 'off' | `/${string}`;
  /** Of the audit log; as much again is kept of the one before. */
  readonly auditLimitBytes: number;
}
