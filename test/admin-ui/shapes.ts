/** Held by the type checker: what the server answers is what the console reads. */
import type {
  Alert,
  AlertRule,
  AuditEntry,
  CanaryShown,
  Certificate,
  Cluster,
  Instance,
  LogFile,
  LogLine,
  PoolSessions,
  RestorePreview,
  SessionShown,
  Silence,
  Step,
  TokenShown,
  UserShown,
  WafEvent,
} from '../../admin-ui/src/shapes.ts';
import type { ClusterFigures } from '../../cluster/figures.ts';
import type * as alerts from '../../control/api/alert/alerts.ts';
import type * as audit from '../../control/api/audit.ts';
import type { ShownLog } from '../../control/api/clerk/questions.ts';
import type { RestorePreview as Previewed } from '../../control/api/route/backup.ts';
import type { ShownToken } from '../../control/api/token/store.ts';
import type { ShownSession } from '../../control/api/user/session-store.ts';
import type { ShownUser } from '../../control/api/user/store.ts';
import type { CanaryState } from '../../control/canary/keeper.ts';
import type { ShownCertificate } from '../../control/certificates.ts';
import type { ShownLine } from '../../control/logs/search.ts';
import type * as way from '../../l7/observer.ts';
import type * as sticky from '../../l7/upstream/sticky/count.ts';
import type * as api from '../../model/api.ts';
import type { WafEvent as Kept } from '../../model/waf-event.ts';

export const cluster = (figures: ClusterFigures): Cluster => figures;
export const instance = (figures: ClusterFigures['instances'][number]): Instance => figures;
export const event = (kept: Kept): WafEvent => kept;
export const alert = (one: alerts.Alert): Alert => one;
export const silence = (one: alerts.Silence): Silence => one;
export const rule = (one: api.AlertRule): AlertRule => one;
export const entry = (one: audit.AuditEntry): AuditEntry => one;
export const canary = (state: CanaryState): CanaryShown => state;
export const step = (one: way.Step): Step => one;
export const certificate = (one: ShownCertificate): Certificate => one;
export const log = (one: ShownLog): LogFile => one;
export const line = (one: ShownLine): LogLine => one;
export const restore = (one: Previewed): RestorePreview => one;
export const user = (one: ShownUser): UserShown => one;
export const token = (one: ShownToken): TokenShown => one;
export const session = (one: ShownSession): SessionShown => one;
export const sessions = (one: sticky.PoolSessions): PoolSessions => one;
