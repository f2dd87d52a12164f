/** Actions that say how a rule looks at values, and what is written down. */
import { suggest } from '#kit/suggest.ts';
import { RuleFault } from '../diagnostic.ts';
import { TRANSFORMS } from '../transform/table.ts';
import { type Action, needs, plain } from './action.ts';

export const MATCHING_ACTIONS: readonly Action[] = [
  needs(
    't',
    'A transformation of the value; several come one after the other, `t:none` forgets those before.',
    (draft, text) => {
      const name = text.trim().toLowerCase();
      const transform = TRANSFORMS.get(name);
      if (!transform) {
        const near = suggest(name, TRANSFORMS.keys());
        throw new RuleFault(
          'transformation',
          `there is no transformation ${JSON.stringify(text)}`,
          near && `did you mean ${TRANSFORMS.get(near)!.name}?`,
        );
      }
      if (name === 'none') {
        draft.transforms = [];
        draft.transformsReset = true;
      } else draft.transforms.push(transform);
    },
  ),
  plain('capture', 'Stores what matched as TX.0, and groups of a pattern as TX.1 to TX.9.', draft => {
    draft.capture = true;
  }),
  plain(
    'multiMatch',
    'Asks the operator before the transformations and after each that changes something.',
    draft => {
      draft.multiMatch = true;
    },
  ),
  plain('log', 'Tells of a match.', draft => {
    draft.log = true;
    draft.auditLog ??= true;
  }),
  plain('nolog', 'Keeps silent about a match.', draft => {
    draft.log = false;
    draft.auditLog = false;
  }),
  plain('auditlog', 'Makes the transaction one for the audit log.', draft => {
    draft.auditLog = true;
  }),
  plain('noauditlog', 'Does not make the transaction one for the audit log.', draft => {
    draft.auditLog = false;
  }),
];
