/** Variables of the web application firewall; empty where it is off. */
import type { Entry, Transaction } from '#waf';
import { referenceOf } from '../waf/inspection.ts';
import type { Getter } from './space.ts';

export const WAF_VARIABLES = {
  waf_action: ({ main }) => main.inspection?.action,
  waf_score: ({ main }) => main.inspection?.score,
  waf_rules: ({ main }) => main.inspection?.ruleIds || undefined,
  waf_id: ({ main }) => referenceOf(main),
  csrf_status: ({ main }) => main.csrfStatus,
} satisfies Record<string, Getter>;

/** Members of a JSON object have names that begin so; a variable's name has no dot. */
const OF_JSON = 'json.';

export const WAF_PREFIXES: readonly (readonly [string, (rest: string) => Getter])[] = [
  [
    'waf_arg_',
    rest =>
      ({ main }) =>
        argumentOf(main.inspection?.transaction, rest),
  ],
];

/** The body's before the query's, and of several the last: so PHP, Rails, Django and JSON take them. */
function argumentOf(transaction: Transaction | undefined, name: string): string | undefined {
  const isIt = ({ lower }: Entry) => lower === name || lower === OF_JSON + name;
  return (transaction?.body.args.findLast(isIt) ?? transaction?.request.argsGet.findLast(isIt))?.value;
}
