/** Actions that say where to go on, and what becomes of the request. */
import { RuleFault } from '../diagnostic.ts';
import type { RuleDraft } from '../rule.ts';
import { type Action, needs, plain } from './action.ts';
import { integer } from './meta.ts';

const ALLOW_SCOPES: Readonly<Record<string, 'all' | 'phase' | 'request'>> = {
  '': 'all',
  phase: 'phase',
  request: 'request',
};

const refuses = ({ disruptive }: RuleDraft): boolean =>
  disruptive !== undefined && ['deny', 'drop', 'redirect'].includes(disruptive.kind);

export const FLOW_ACTIONS: readonly Action[] = [
  plain('chain', 'The next rule has to match as well.', draft => {
    draft.chained = true;
  }),
  needs('skip', 'Passes over so many rules.', (draft, text) => {
    draft.skip = integer(text, 'skip', 1, 10_000);
  }),
  needs('skipAfter', 'Goes on after the marker of that name.', (draft, text) => {
    draft.skipAfter = text;
  }),
  plain('deny', 'Refuses the request, with 403 unless `status` says otherwise.', draft => {
    draft.disruptive = { kind: 'deny' };
  }),
  plain('block', 'Does what the default actions of the phase do.', draft => {
    // `deny,block` stays a refusal, whatever the default actions say.
    if (!refuses(draft)) draft.disruptive = { kind: 'block' };
  }),
  plain('drop', 'Closes the connection.', draft => {
    draft.disruptive = { kind: 'drop' };
  }),
  plain('pass', 'Goes on, whatever the default actions say.', draft => {
    draft.disruptive = { kind: 'pass' };
  }),
  needs(
    'redirect',
    'Sends the client elsewhere, with 302 unless `status` says otherwise; may hold macros.',
    (draft, text, { macros }) => {
      draft.disruptive = { kind: 'redirect', url: macros.template(text) };
    },
  ),
  {
    name: 'allow',
    doc: 'Ends inspection: `allow` of the transaction, `allow:request` of the request, `allow:phase` of this phase.',
    argument: 'optional',
    apply(draft, text) {
      const scope = ALLOW_SCOPES[text.trim().toLowerCase()];
      if (!scope)
        throw new RuleFault(
          'value',
          `allow has no scope ${JSON.stringify(text)}`,
          'write allow, allow:phase or allow:request',
        );
      draft.disruptive = { kind: 'allow', scope };
    },
  },
  needs('status', 'The status of a refusal or redirect.', (draft, text) => {
    draft.status = integer(text, 'the status', 100, 599);
  }),
];
