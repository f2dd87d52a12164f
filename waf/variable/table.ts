/** All variables, by name. */
import { ARGUMENT_VARIABLES } from './arguments.ts';
import { BODY_VARIABLES } from './body.ts';
import { COLLECTION_VARIABLES } from './collections.ts';
import { CONNECTION_VARIABLES } from './connection.ts';
import { MATCHED_VARIABLES } from './matched.ts';
import { MULTIPART_VARIABLES } from './multipart.ts';
import { REQUEST_VARIABLES } from './request.ts';
import { RESPONSE_VARIABLES } from './response.ts';
import { TIME_VARIABLES } from './time.ts';
import type { Variable } from './variable.ts';

export const VARIABLES: Readonly<Record<string, Variable>> = Object.fromEntries(
  [
    ...REQUEST_VARIABLES,
    ...ARGUMENT_VARIABLES,
    ...BODY_VARIABLES,
    ...MULTIPART_VARIABLES,
    ...RESPONSE_VARIABLES,
    ...CONNECTION_VARIABLES,
    ...TIME_VARIABLES,
    ...MATCHED_VARIABLES,
    ...COLLECTION_VARIABLES,
  ].map(variable => [variable.name, variable]),
);

/** @param name in any case */
export function findVariable(name: string): Variable | undefined {
  const upper = name.toUpperCase();
  return Object.hasOwn(VARIABLES, upper) ? VARIABLES[upper] : undefined;
}
