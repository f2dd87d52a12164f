/** XML as rules see it: elements, attributes, text. Refuses entities, and everything that is not well-formed. */
import { XmlFault, XmlReader } from './xml-reader.ts';

/** Prefix → URI; '' is the default. */
export type XmlScope = ReadonlyMap<string, string>;

export interface XmlAttribute {
  /** Without its prefix. */
  readonly name: string;
  readonly tag: string;
  /** Of its prefix; '' without one. */
  readonly namespace: string;
  readonly value: string;
}

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** As it was written, with its prefix. */
  readonly tag: string;
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: (XmlElement | string)[];
  /** Shared with the parent when the element declares none. */
  readonly scope: XmlScope;
}

export interface XmlLimits {
  readonly depth: number;
  /** Elements and attributes together. */
  readonly nodes: number;
}

interface Open {
  readonly element: XmlElement;
  readonly tag: string;
}

export const XML_SCOPE: XmlScope = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]);

/**
 * Reads a document of UTF-8 bytes, one char a byte. Costs O(length).
 *
 * @throws {XmlFault} when it is not well-formed, declares entities, or exceeds a limit
 * @see W3C, Extensible Markup Language (XML) 1.0, fifth edition
 */
export function readXml(text: string, limits: XmlLimits): XmlElement {
  const reader = new XmlReader(text);
  const open: Open[] = [];
  let root: XmlElement | undefined;
  let nodes = 0;
  for (;;) {
    const token = reader.next();
    if (token === undefined) break;
    const parent = open.at(-1);
    if (token.kind === 'text') {
      if (parent) parent.element.children.push(token.text);
      else if (/[^ \t\r\n]/.test(token.text)) throw new XmlFault('text outside the root element');
    } else if (token.kind === 'end') {
      if (open.pop()?.tag !== token.tag)
        throw new XmlFault(`</${token.tag.slice(0, 40)}> closes what is not open`);
    } else {
      if (!parent && root) throw new XmlFault('a second root element');
      nodes += 1 + token.attributes.length;
      if (nodes > limits.nodes) throw new XmlFault(`more than ${limits.nodes} nodes`);
      const scope = declare(parent?.element.scope ?? XML_SCOPE, token.attributes);
      const [prefix, name] = splitName(token.tag);
      const element: XmlElement = {
        name,
        tag: token.tag,
        namespace: scope.get(prefix) ?? '',
        attributes: token.attributes.map(({ name: tag, value }) => attributeOf(tag, value, scope)),
        children: [],
        scope,
      };
      if (parent) parent.element.children.push(element);
      else root = element;
      if (!token.empty) open.push({ element, tag: token.tag });
      if (open.length > limits.depth) throw new XmlFault(`nested deeper than ${limits.depth}`);
    }
  }
  if (open.length > 0) throw new XmlFault(`<${open.at(-1)!.tag.slice(0, 40)}> is never closed`);
  if (!root) throw new XmlFault('no root element');
  return root;
}

function attributeOf(tag: string, value: string, scope: XmlScope): XmlAttribute {
  const [prefix, name] = splitName(tag);
  return { name, tag, namespace: prefix === '' ? '' : (scope.get(prefix) ?? ''), value };
}

export function splitName(name: string): [prefix: string, local: string] {
  const colon = name.indexOf(':');
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
}

function declare(
  scope: XmlScope,
  attributes: readonly { readonly name: string; readonly value: string }[],
): XmlScope {
  let own: Map<string, string> | undefined;
  for (const { name, value } of attributes) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
    own ??= new Map(scope);
    own.set(name === 'xmlns' ? '' : name.slice(6), value);
  }
  return own ?? scope;
}
