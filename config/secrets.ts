/** Where secrets stand in a configuration, by the table of directives. */
import { DIRECTIVES } from './directives/table.ts';

export interface SecretPlaces {
  /** Directives whose first word is one. */
  readonly directives: readonly string[];
  /** Names of parameters that are one: `secret=TEXT`. */
  readonly parameters: readonly string[];
}

export function secretPlaces(): SecretPlaces {
  const directives = new Set<string>();
  const parameters = new Set<string>();
  for (const { name, args } of [...DIRECTIVES.values()].flat())
    for (const [key, { isSecret, standing }] of Object.entries(args)) {
      if (!isSecret) continue;
      if (standing === 'param') parameters.add(key);
      else directives.add(name);
    }
  return { directives: [...directives], parameters: [...parameters] };
}
