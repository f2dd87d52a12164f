/** Directives that do nothing but give one setting one value. */
import type { Settings } from '#model/l7/settings.ts';
import type { Argument } from '../argument.ts';
import { type Context, type Directive, type DirectiveDoc, defineDirective } from '../registry.ts';

type Doc = Omit<DirectiveDoc<Record<string, never>>, 'args' | 'since'> & { readonly since?: string };

/** The fields of a slice that a value of type T can be given to. */
type FieldOf<K extends keyof Settings, T> = {
  [F in keyof Settings[K]]: T extends Settings[K][F] ? F : never;
}[keyof Settings[K]];

/**
 * Defines `name VALUE;` for a field of a slice.
 *
 * @param argument reads the value
 * @param field where it goes; tsc holds its type against the argument's
 */
export function defineSetting<K extends keyof Settings, T>(
  name: string,
  context: readonly Context[],
  slice: K,
  field: FieldOf<K, T>,
  argument: Argument<T>,
  doc: Doc,
): Directive {
  return defineDirective({
    name,
    context,
    args: { value: argument },
    doc: { since: '0.1', ...doc },
    compile({ value }, scope) {
      scope.set(slice, { [field]: value } as Partial<Settings[K]>);
    },
  });
}
