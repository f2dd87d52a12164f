/** Makes the directives that put one argument into one field of a server's TLS. */
import type { Argument } from '../argument.ts';
import type { TlsDraft } from '../draft.ts';
import { type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { type FieldDoc, SERVER_BLOCKS } from './core-field.ts';

type Fields = TlsDraft['settings'];

/** Where a block of http or server puts its TLS. */
export const tlsOf = (scope: Scope): TlsDraft =>
  scope.context === 'http' ? scope.http.tls : scope.server.tls;

/** A directive with one argument. */
export function tlsDirective<T>(
  name: string,
  value: Argument<T>,
  doc: FieldDoc,
  compile: (value: T, scope: Scope) => void,
): Directive {
  const { default: absent, example, ...rest } = doc;
  return defineDirective({
    name,
    context: SERVER_BLOCKS,
    args: { value },
    doc: {
      ...rest,
      ...(absent !== undefined && { default: `${name} ${absent};` }),
      example: `${name} ${example};`,
      since: '0.1',
    },
    compile: (args, scope) => compile(args.value, scope),
  });
}

/** A directive whose argument is a field. */
export const tlsField = <K extends keyof Fields>(
  name: string,
  field: K,
  value: Argument<NonNullable<Fields[K]>>,
  doc: FieldDoc,
): Directive =>
  tlsDirective(name, value, doc, (given, scope) => {
    tlsOf(scope).settings[field] = given;
  });
