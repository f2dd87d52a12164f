/** Every route of the API. What is not here does not exist, and each row says who may. */
import { ALERTS } from './alerts.ts';
import { AUDIT } from './audit.ts';
import { BACKUP } from './backup.ts';
import { CERTIFICATES } from './certificates.ts';
import { CLUSTER } from './cluster.ts';
import { CONFIG } from './config.ts';
import { EXPLAIN } from './explain.ts';
import { L4 } from './l4.ts';
import { L7 } from './l7.ts';
import { LANGUAGE } from './language.ts';
import { LIVE } from './live.ts';
import { LOGS } from './logs.ts';
import { ME } from './me.ts';
import { METRICS } from './metrics.ts';
import { PROVIDER } from './provider.ts';
import type { Route } from './route.ts';
import { STATUS } from './status.ts';
import { TOKENS } from './tokens.ts';
import { USERS } from './users.ts';
import { WAF } from './waf.ts';

export const ROUTES: readonly Route[] = [
  ...STATUS,
  ...L4,
  ...L7,
  ...CLUSTER,
  ...WAF,
  ...LIVE,
  ...EXPLAIN,
  ...CERTIFICATES,
  ...CONFIG,
  ...LANGUAGE,
  ...BACKUP,
  ...LOGS,
  ...AUDIT,
  ...ME,
  ...PROVIDER,
  ...USERS,
  ...TOKENS,
  ...METRICS,
  ...ALERTS,
];
