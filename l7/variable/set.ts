/** Variables that requests write to: by `set`, a named group, `auth_request_set`. */

import { parseSizeBytes } from '#kit/units.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import type { SettableVariable } from '#model/l7/variables.ts';
import { isSettableVariable } from '#model/l7/variables.ts';
import type { Exchange } from '../exchange.ts';
import { builtInGetter, type Getter, type VariableSpace } from './space.ts';

type SetVariable = Extract<UserVariable, { kind: 'set' }>;

export function setGetter({ name, weak }: SetVariable, slot: number): Getter {
  if (!weak) return exchange => exchange.slots[slot];
  const builtIn = builtInGetter(name);
  if (builtIn) return exchange => exchange.slots[slot] ?? builtIn(exchange);
  return exchange => exchange.slots[slot] ?? unset(exchange, name, slot);
}

/** Reads as empty from here on, so that the warning comes once a request. */
function unset(exchange: Exchange, name: string, slot: number): string {
  if (exchange.location.model.settings.rewrite.warnUnset)
    exchange.log('warn', `using uninitialized "${name}" variable`);
  exchange.slots[slot] = '';
  return '';
}

/** Writes a value that a directive computed. */
export type Setter = (exchange: Exchange, value: string) => void;

const BUILT_IN: { readonly [K in SettableVariable]: Setter } = {
  args: (exchange, value) => {
    exchange.args = value;
    exchange.untouched = false;
  },
  uid_reset: ({ main }, value) => {
    main.userIdReset = value;
  },
  limit_rate: (exchange, value) => {
    const bytesPerS = parseSizeBytes(value);
    if (bytesPerS === undefined) exchange.log('error', `invalid $limit_rate "${value}"`);
    else exchange.limitRateBytesPerS = bytesPerS;
  },
};

/** Compiles the writing of a variable. @throws {RangeError} for a name that the configuration does not define */
export function setterOf(name: string, variables: VariableSpace): Setter {
  if (isSettableVariable(name)) return BUILT_IN[name];
  const slot = variables.slot(name);
  return (exchange, value) => {
    exchange.slots[slot] = value;
  };
}
