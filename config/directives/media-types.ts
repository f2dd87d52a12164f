/** Directives that list the media types a filter works on. */
import type { MediaTypes } from '#model/l7/compress.ts';
import type { Settings } from '#model/l7/settings.ts';
import { arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { BLOCKS } from './core-field.ts';

/** The slices that have such a list, as `types`. */
type WithTypes = {
  [K in keyof Settings]: Settings[K] extends { readonly types: MediaTypes } ? K : never;
}[keyof Settings];

/** text/html is in every list that is written; a line adds to those before it in the block, and replaces what is around it. */
export function defineMediaTypes(
  name: string,
  slice: WithTypes,
  summary: string,
  example: string,
  standard = 'text/html',
): Directive {
  return defineDirective({
    name,
    context: BLOCKS,
    repeats: true,
    args: { types: arg.token('media types').rest(1) },
    doc: { summary, default: `${name} ${standard};`, example: `${name} ${example};`, since: '0.1' },
    compile({ types }, scope) {
      const own = scope.own[slice]?.types ?? ['text/html'];
      scope.set(slice, { types: types.reduce<MediaTypes>((list, type) => add(type, list, scope), own) });
    },
  });
}

function add(token: Token, list: MediaTypes, scope: Scope): MediaTypes {
  const type = token.text.toLowerCase();
  if (type === '*' || list === 'any') return 'any';
  if (!list.includes(type)) return [...list, type];
  scope.faults.warn('duplicate', `duplicate MIME type "${token.text}"`, token);
  return list;
}
