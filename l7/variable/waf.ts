/** Variables of the web application firewall; empty where it is off. */
import { referenceOf } from '../waf/inspection.ts';
import type { Getter } from './space.ts';

export const WAF_VARIABLES = {
  waf_action: ({ main }) => main.inspection?.action,
  waf_score: ({ main }) => main.inspection?.score,
  waf_rules: ({ main }) => main.inspection?.ruleIds || undefined,
  waf_id: ({ main }) => referenceOf(main),
  csrf_status: ({ main }) => main.csrfStatus,
} satisfies Record<string, Getter>;
