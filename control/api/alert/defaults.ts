/** What is told of where the configuration says nothing. */
import type { AlertRule } from '#model/api.ts';

const MINUTE_MS = 60_000;

/** @param clear the bound itself if absent */
const rule = (
  name: string,
  metric: string,
  side: AlertRule['side'],
  bound: number,
  forMs: number,
  severity: AlertRule['severity'],
  clear = bound,
): AlertRule => ({ name, metric, side, bound, clear, forMs, severity });

export const DEFAULT_RULES: readonly AlertRule[] = [
  rule('control-silent', 'control_up', 'below', 1, 10_000, 'critical'),
  rule('l7-down', 'l7_up', 'below', 1, 5000, 'critical'),
  rule('pool-down', 'pools_down', 'above', 0, 5000, 'critical'),
  rule('member-down', 'pool_members_down', 'above', 0, 30_000, 'warning'),
  rule('virtual-server-down', 'l4_services_without_quorum', 'above', 0, 5000, 'critical'),
  rule('real-server-down', 'l4_reals_down', 'above', 0, 30_000, 'warning'),
  rule('vrrp-fault', 'vrrp_faults', 'above', 0, 5000, 'critical'),
  rule('errors', 'http_5xx_ratio', 'above', 0.05, 5 * MINUTE_MS, 'critical', 0.02),
  rule('latency', 'http_duration_seconds{quantile="0.95"}', 'above', 1, 5 * MINUTE_MS, 'warning', 0.5),
  rule('reload-failed', 'config_reload_failed', 'above', 0, 0, 'warning'),
  rule('canary-worse', 'config_canary_worse', 'above', 0, 0, 'warning'),
  rule('certificate-expiring', 'certificates_expiring', 'above', 0, MINUTE_MS, 'warning'),
  rule('certificate-order-failed', 'acme_failing', 'above', 0, MINUTE_MS, 'warning'),
  rule('flow-table', 'l4_flow_table_used_ratio', 'above', 0.9, MINUTE_MS, 'critical', 0.8),
  rule('control-slow', 'control_answer_seconds', 'above', 1, MINUTE_MS, 'warning', 0.5),
  rule('waf-spike', 'waf_blocked_per_second', 'above', 50, MINUTE_MS, 'warning', 20),
  rule('disk', 'host_disk_used_ratio', 'above', 0.9, MINUTE_MS, 'warning', 0.85),
  rule('memory', 'host_memory_used_ratio', 'above', 0.95, MINUTE_MS, 'warning', 0.9),
];

export const rulesOf = (own: readonly AlertRule[], off: readonly string[]): readonly AlertRule[] => [
  ...DEFAULT_RULES.filter(({ name }) => !off.includes(name) && own.every(one => one.name !== name)),
  ...own,
];
