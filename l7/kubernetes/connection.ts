/** WebSockets, and nothing else: by an upgrade to HTTP/2 without TLS requests would get past routes and firewall. */
import type { UserVariable } from '#model/l7/variable.ts';

/** Of Upgrade and Connection, towards servers. */
export const UPGRADE = 'kubernetes_upgrade';
export const CONNECTION = 'kubernetes_connection';

const where = (name: string, value: string): UserVariable => ({
  kind: 'map',
  name,
  source: [{ variable: 'http_upgrade' }],
  keys: { exact: [['websocket', value]], leading: [], trailing: [] },
  ...{ patterns: [], fallback: '', hostnames: false, volatile: false },
});

export const CONNECTION_VARIABLES: readonly UserVariable[] = [
  where(UPGRADE, 'websocket'),
  where(CONNECTION, 'upgrade'),
];
