/** Operators of ModSecurity that moat does not have: a rule with one is refused at load, with what to do instead. */
import { type Operator, OperatorFault } from './operator.ts';

const refused = (name: string, reason: string, hint: string): Operator => ({
  name,
  doc: `Refused: ${reason}.`,
  compile() {
    throw new OperatorFault(`@${name} is not supported: ${reason}`, hint);
  },
});

const REMOVE = 'remove the rule';

export const REFUSED: readonly Operator[] = [
  refused('gsbLookup', 'the service that it asked has ended', REMOVE),
  refused(
    'inspectFile',
    'it would start a program for each file that a stranger sends',
    'name a scanner that stays: waf_upload scan=unix:/run/clamav/clamd.ctl',
  ),
  refused('rsub', 'it rewrites what passes, and moat inspects only', 'rewrite answers by sub_filter'),
  refused('validateHash', 'it belongs to a module of version 2', REMOVE),
];
