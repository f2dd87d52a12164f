/** Variables of the web application firewall; empty where it is off. */
import type { Getter } from './space.ts';

export const WAF_VARIABLES = {
  waf_action: ({ main }) => main.inspection?.action,
  waf_score: ({ main }) => main.inspection?.score,
  waf_rules: ({ main }) => main.inspection?.ruleIds || undefined,
  waf_id: ({ main }) => (main.inspection?.decision ? main.inspection.id : undefined),
  csrf_status: ({ main }) => main.csrfStatus,
} satisfies Record<string, Getter>;
