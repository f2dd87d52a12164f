/** `@detectSQLi` and `@detectXSS`: injection found by tokens instead of patterns. */
import { isPlainText } from '../injection/plain-text.ts';
import { isScriptInjection } from '../injection/script-injection.ts';
import { sqlInjection } from '../injection/sql-injection.ts';
import { signsOf } from '../signs.ts';
import type { Operator } from './operator.ts';

/** Without these signs a value can begin no tag and give no attribute a value. */
const HTML_SIGNS = /[<=]/;

export const detectSQLi: Operator = {
  name: 'detectSQLi',
  doc: 'Matches values that would change an SQL statement; captures the fingerprint.',
  compile: () => ({
    isCostly: true,
    match: value => !isPlainText(value) && sqlInjection(value) !== undefined,
    captures: value => [sqlInjection(value)],
  }),
};

export const detectXSS: Operator = {
  name: 'detectXSS',
  doc: 'Matches values that would run script in a page.',
  compile: () => ({
    signs: [signsOf('<=')],
    match: value => HTML_SIGNS.test(value) && isScriptInjection(value),
  }),
};
