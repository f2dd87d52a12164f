/** Variables of what matched, and of the rule that asks. */
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
  collection('RULE', 'id, msg, severity, logdata, rev, ver of the rule that asks.', t => {
    const { rule } = t;
    if (!rule) return [];
    return [
      entry('id', String(rule.id)),
      entry('msg', rule.message?.expand(t) ?? ''),
      entry('severity', String(rule.severity ?? '')),
      entry('logdata', rule.data?.constant ?? ''),
      entry('rev', rule.revision),
      entry('ver', rule.version),
    ];
  }),
];
