/** Variables of what matched, and of the rule that asks. */
import type { Rule } from '../rule.ts';
import type { Transaction } from '../transaction.ts';
import { live } from './define.ts';
import { entry, type Many, type Variable } from './variable.ts';

const collection = (name: string, doc: string, list: Many['list']): Many => ({
  kind: 'many',
  name,
  doc,
  life: 'live',
  list,
});

export const MATCHED_VARIABLES: readonly Variable[] = [
  live('MATCHED_VAR', 'The value that matched last, as the operator saw it.', t => t.matched.value),
  live('MATCHED_VAR_NAME', 'Where it stood, as in ARGS:a.', t => t.matched.name),
  collection('MATCHED_VARS', 'All values that the rule before in the chain matched.', t => t.matched.values),
  collection('MATCHED_VARS_NAMES', 'Where they stood.', t =>
    t.matched.values.map(({ key }) => entry(key, key)),
  ),
  {
    ...collection('RULE', 'id, msg, severity, logdata, rev, ver of the rule that asks.', t =>
      Object.entries(RULE_PARTS).flatMap(([key, read]) => (t.rule ? [entry(key, read(t.rule, t))] : [])),
    ),
    get: (t, lower) =>
      t.rule && Object.hasOwn(RULE_PARTS, lower) ? RULE_PARTS[lower]!(t.rule, t) : undefined,
  },
];

const RULE_PARTS: Readonly<Record<string, (rule: Rule, t: Transaction) => string>> = {
  id: ({ id }) => String(id),
  msg: ({ message }, t) => message?.expand(t) ?? '',
  severity: ({ severity }) => String(severity ?? ''),
  logdata: ({ data }, t) => data?.expand(t) ?? '',
  rev: ({ revision }) => revision,
  ver: ({ version }) => version,
};
