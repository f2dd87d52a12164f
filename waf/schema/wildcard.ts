/** `xs:any` and `xs:anyAttribute`. */
import { attribute, type Component } from './documents.ts';
import type { Process, Wildcard } from './model.ts';
import { SchemaFault } from './names.ts';
import { wordsOf } from './simple-type.ts';

export function wildcardOf({ node, document }: Component): Wildcard {
  const process = (attribute(node, 'processContents') ?? 'strict') as Process;
  if (!['strict', 'lax', 'skip'].includes(process))
    throw new SchemaFault(`processContents is ${JSON.stringify(process)}`);
  const said = (attribute(node, 'namespace') ?? '##any').trim();
  if (said === '##any') return { process, takes: () => true };
  if (said === '##other')
    return { process, takes: namespace => namespace !== '' && namespace !== document.namespace };
  const taken = new Set(
    wordsOf(said).map(word =>
      word === '##targetNamespace' ? document.namespace : word === '##local' ? '' : word,
    ),
  );
  return { process, takes: namespace => taken.has(namespace) };
}
