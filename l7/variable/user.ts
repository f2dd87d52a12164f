/** Variables that the configuration defines: one maker for each kind. */
import type { UserVariable } from '#model/l7/variable.ts';
import { geoGetter } from './geo.ts';
import { geoipGetter } from './geoip.ts';
import { mapGetter } from './map.ts';
import { setGetter } from './set.ts';
import type { Getter, VariableSpace } from './space.ts';
import { splitGetter } from './split.ts';

type Makers = {
  readonly [K in UserVariable['kind']]: (
    variable: Extract<UserVariable, { kind: K }>,
    slot: number,
    space: VariableSpace,
  ) => Getter;
};

export const USER_VARIABLES: Makers = {
  set: setGetter,
  map: mapGetter,
  geo: geoGetter,
  geoip: geoipGetter,
  split: splitGetter,
};
