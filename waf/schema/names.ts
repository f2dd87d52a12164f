/** Names of a schema: with the URI of their namespace, as `{uri}local`. */
import { splitName, type XmlScope } from '../body/xml-tree.ts';

export const XSD = 'http://www.w3.org/2001/XMLSchema';
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
export const XML = 'http://www.w3.org/XML/1998/namespace';

/** The schema cannot be read, or has what is not understood here. */
export class SchemaFault extends Error {
  override readonly name = 'SchemaFault';
}

export const nameOf = (namespace: string, local: string): string => `{${namespace}}${local}`;

/** What a name with a prefix means; undefined when nothing declares the prefix. */
export function resolved(text: string, scope: XmlScope): string | undefined {
  const [prefix, local] = splitName(text);
  const namespace = scope.get(prefix) ?? (prefix === '' ? '' : undefined);
  return namespace === undefined ? undefined : nameOf(namespace, local);
}

/** A name without a prefix; letters beyond ASCII are bytes of UTF-8. */
export const NCNAME = /^[A-Za-z_\x80-\xff][\w.\-\x80-\xff]*$/;
