/** The files of a schema, and what each of them declares for all. */
import { posix } from 'node:path';
import { XmlFault } from '../body/xml-reader.ts';
import { readXml, type XmlElement } from '../body/xml-tree.ts';
import { nameOf, resolved, SchemaFault, XML, XSD } from './names.ts';

export interface SchemaDocument {
  readonly namespace: string;
  /** It says no namespace, and has that of the file which includes it. */
  readonly isAdopted: boolean;
  readonly qualifiesElements: boolean;
  readonly qualifiesAttributes: boolean;
}

/** A part of a schema, and where it stands. */
export interface Component {
  readonly node: XmlElement;
  readonly document: SchemaDocument;
}

export type ComponentKind = 'element' | 'attribute' | 'type' | 'group' | 'attributeGroup';
export type Components = Readonly<Record<ComponentKind, ReadonlyMap<string, Component>>>;

const LIMITS = { depth: 200, nodes: 200_000 };
const MOST_FILES = 100;

export const attribute = ({ attributes }: XmlElement, name: string): string | undefined =>
  attributes.find(one => one.tag === name)?.value;

/** What a part holds, without notes. @throws {SchemaFault} for what is not of XML Schema */
export function partsOf(node: XmlElement): XmlElement[] {
  const parts = node.children.filter(child => typeof child !== 'string');
  const strange = parts.find(({ namespace }) => namespace !== XSD);
  if (strange) throw new SchemaFault(`<${strange.tag}> is not of XML Schema`);
  return parts.filter(({ name }) => name !== 'annotation');
}

/** What a name within a part means. @throws {SchemaFault} when its prefix is not declared */
export function meaning(text: string, { node, document }: Component): string {
  const name = resolved(text.trim(), node.scope);
  if (name === undefined) throw new SchemaFault(`the prefix of ${text} is not declared`);
  return document.isAdopted && name.startsWith('{}') ? nameOf(document.namespace, name.slice(2)) : name;
}

const KINDS: Readonly<Record<string, ComponentKind>> = {
  element: 'element',
  attribute: 'attribute',
  simpleType: 'type',
  complexType: 'type',
  group: 'group',
  attributeGroup: 'attributeGroup',
};

/** Parts that name another file: whether that has the namespace of this one. */
const OTHER_FILES: Readonly<Record<string, boolean>> = { include: true, import: false };

/** @param read gives the text of a file @throws {SchemaFault} for what cannot be read, with the file */
export function readDocuments(file: string, read: (path: string) => string): Components {
  const components: Record<ComponentKind, Map<string, Component>> = {
    element: new Map(),
    attribute: new Map(),
    type: new Map(),
    group: new Map(),
    attributeGroup: new Map(),
  };
  const seen = new Set<string>();
  const wanted = [{ path: file, adopter: undefined as string | undefined }];
  for (const { path, adopter } of wanted) {
    const key = `${path} ${adopter ?? ''}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (seen.size > MOST_FILES) throw new SchemaFault(`it is of more than ${MOST_FILES} files`);
    const root = rootOf(path, read(path));
    const document = documentOf(path, root, adopter);
    for (const node of partsOf(root)) {
      const kind = Object.hasOwn(KINDS, node.name) ? KINDS[node.name] : undefined;
      if (kind) addTo(components[kind], { node, document });
      else if (Object.hasOwn(OTHER_FILES, node.name)) {
        const next = nextFile(node, path);
        const adopter = OTHER_FILES[node.name] ? document.namespace : undefined;
        if (next !== undefined) wanted.push({ path: next, adopter });
      } else throw new SchemaFault(`${path}: <${node.tag}> is not understood`);
    }
  }
  return components;
}

function rootOf(path: string, text: string): XmlElement {
  try {
    const root = readXml(text, LIMITS);
    if (root.name !== 'schema' || root.namespace !== XSD) throw new SchemaFault(`${path} is no XML schema`);
    return root;
  } catch (fault) {
    if (fault instanceof XmlFault) throw new SchemaFault(`${path} is no XML: ${fault.message}`);
    throw fault;
  }
}

function documentOf(path: string, root: XmlElement, adopter: string | undefined): SchemaDocument {
  const own = attribute(root, 'targetNamespace');
  if (adopter !== undefined && own !== undefined && own !== adopter)
    throw new SchemaFault(`${path} has another targetNamespace than the file which includes it`);
  refuseBlock(root, 'blockDefault');
  return {
    namespace: own ?? adopter ?? '',
    isAdopted: own === undefined && (adopter ?? '') !== '',
    qualifiesElements: attribute(root, 'elementFormDefault') === 'qualified',
    qualifiesAttributes: attribute(root, 'attributeFormDefault') === 'qualified',
  };
}

/** What it forbids would pass. @throws {SchemaFault} */
export function refuseBlock(node: XmlElement, name = 'block'): void {
  if ((attribute(node, name) ?? '') !== '') throw new SchemaFault(`${name} is not understood`);
}

function addTo(known: Map<string, Component>, component: Component): void {
  const local = attribute(component.node, 'name');
  if (local === undefined) throw new SchemaFault(`a <${component.node.tag}> for all has no name`);
  const name = nameOf(component.document.namespace, local);
  if (known.has(name)) throw new SchemaFault(`${component.node.name} ${local} is declared twice`);
  known.set(name, component);
}

/** Nothing is fetched: a schema lies in files of the operator's. */
function nextFile(node: XmlElement, from: string): string | undefined {
  const location = attribute(node, 'schemaLocation');
  if (attribute(node, 'namespace') === XML) return undefined; // its four attributes are known
  if (location === undefined) return undefined;
  if (/^[a-z][a-z0-9+.-]*:/i.test(location))
    throw new SchemaFault(`${from} names ${location}: save it beside the schema, and name the file there`);
  return posix.isAbsolute(location) ? location : posix.join(posix.dirname(from), location);
}
