/** Variables that rules set: TX, and the collections that outlive a transaction. */
import { PERSISTENT } from '../collection/store.ts';
import type { Many, Variable } from './variable.ts';

const persistent = PERSISTENT.map(
  (name): Many => ({
    kind: 'many',
    name,
    doc: `Values kept under the key that initcol:${name.toLowerCase()} (or setsid, setuid, setrsc) named.`,
    life: 'live',
    list: t => t.record(name)?.entries() ?? [],
    get: (t, lower) => t.record(name)?.get(lower),
  }),
);

export const COLLECTION_VARIABLES: readonly Variable[] = [
  {
    kind: 'many',
    name: 'TX',
    doc: 'Values that rules set for this transaction; 0 to 9 are what `capture` found.',
    life: 'live',
    list: t => t.tx.entries(),
    get: (t, lower) => t.tx.get(lower),
    choose: (t, choice) => t.tx.chosen(choice),
  },
  {
    kind: 'many',
    name: 'ENV',
    doc: 'What setenv set.',
    life: 'live',
    list: t => t.env.entries(),
    get: (t, lower) => t.env.get(lower),
  },
  {
    kind: 'many',
    name: 'GEO',
    doc: 'What @geoLookup found: COUNTRY_CODE and others.',
    life: 'live',
    list: t => t.geo.entries(),
    get: (t, lower) => t.geo.get(lower),
  },
  ...persistent,
];
