/** All directives of SecLang, by name in lower case. */
import type { SecDirective } from './directive.ts';
import { EXCLUSION_DIRECTIVES } from './exclusions.ts';
import { PASSED_OVER_DIRECTIVES } from './passed-over.ts';
import { RULE_DIRECTIVES } from './rules.ts';
import { SETTING_DIRECTIVES } from './settings.ts';

export const SEC_DIRECTIVES: ReadonlyMap<string, SecDirective> = new Map(
  [...RULE_DIRECTIVES, ...EXCLUSION_DIRECTIVES, ...SETTING_DIRECTIVES, ...PASSED_OVER_DIRECTIVES].map(row => [
    row.name.toLowerCase(),
    row,
  ]),
);
