/** Makes the directives that put one argument into one field: most of the http core module is that. */
import type { CoreSettings } from '#model/l7/core.ts';
import type { ServerCore } from '#model/l7/http.ts';
import type { Argument } from '../argument.ts';
import type { Writable } from '../draft.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';

export const BLOCKS: readonly Context[] = ['http', 'server', 'location'];
export const BLOCKS_AND_IF: readonly Context[] = [...BLOCKS, 'location-if'];
export const SERVER_BLOCKS: readonly Context[] = ['http', 'server'];

/** What the manual says of a directive with one argument. */
export interface FieldDoc {
  readonly summary: string;
  /** The argument where the directive is absent, as one would write it; undefined where there is none. */
  readonly default?: string;
  /** The argument of the example. */
  readonly example: string;
  readonly differs?: string;
}

const docOf = (name: string, { summary, default: value, example, differs }: FieldDoc) => ({
  summary,
  ...(value !== undefined && { default: `${name} ${value};` }),
  example: `${name} ${example};`,
  ...(differs !== undefined && { differs }),
  since: '0.1',
});

/** A directive whose argument is a field of the core settings. */
export function coreField<K extends keyof CoreSettings>(
  name: string,
  field: K,
  value: Argument<CoreSettings[K]>,
  doc: FieldDoc,
  context: readonly Context[] = BLOCKS,
): Directive {
  return defineDirective({
    name,
    context,
    args: { value },
    doc: docOf(name, doc),
    compile(args, scope) {
      const own: Partial<Writable<CoreSettings>> = {};
      own[field] = args.value;
      scope.set('core', own);
    },
  });
}

/** A directive whose argument is a field of what holds before the location is known. */
export function serverField<K extends keyof ServerCore>(
  name: string,
  field: K,
  value: Argument<ServerCore[K]>,
  doc: FieldDoc,
): Directive {
  return defineDirective({
    name,
    context: SERVER_BLOCKS,
    args: { value },
    doc: docOf(name, doc),
    compile(args, scope) {
      serverCoreOf(scope)[field] = args.value;
    },
  });
}

/** Where a block of http or server puts what holds for whole servers. */
export const serverCoreOf = (scope: Scope) =>
  scope.context === 'http' ? scope.http.core : scope.server.core;
