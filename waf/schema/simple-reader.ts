/** `xs:simpleType` → a type of texts. */
import { attribute, type Component, meaning, partsOf } from './documents.ts';
import { type Facet, restricted } from './facets.ts';
import type { Type } from './model.ts';
import { SchemaFault } from './names.ts';
import { listOf, type SimpleType, unionOf, wordsOf } from './simple-type.ts';

/** What types are made with. */
export interface TypeRoom {
  /** @throws {SchemaFault} when there is none */
  type(name: string): Type;
  compilePattern(source: string): { test(value: string): boolean };
}

export function simpleTypeOf(component: Component, room: TypeRoom): SimpleType {
  const { document } = component;
  const [node] = partsOf(component.node);
  const inner = node && { node, document };
  if (node?.name === 'restriction')
    return restricted(baseOf(inner!, 'base', room), facetsOf(inner!), room.compilePattern);
  if (node?.name === 'list') return listOf(baseOf(inner!, 'itemType', room));
  if (node?.name !== 'union') throw new SchemaFault('a simpleType has to have a restriction, list or union');
  const named = wordsOf(attribute(node, 'memberTypes') ?? '').map(word => simpleNamed(word, inner!, room));
  const written = partsOf(node).map(part => simpleTypeOf({ node: part, document }, room));
  return unionOf([...named, ...written]);
}

function baseOf(component: Component, name: string, room: TypeRoom): SimpleType {
  const { node, document } = component;
  const named = attribute(node, name);
  if (named !== undefined) return simpleNamed(named, component, room);
  const written = partsOf(node).find(part => part.name === 'simpleType');
  if (!written) throw new SchemaFault(`a ${node.name} names no type`);
  return simpleTypeOf({ node: written, document }, room);
}

export function simpleNamed(text: string, component: Component, room: TypeRoom): SimpleType {
  const type = room.type(meaning(text, component));
  if (type.kind !== 'simple') throw new SchemaFault(`${text} is no simple type`);
  return type;
}

const NO_FACETS = new Set(['simpleType', 'attribute', 'attributeGroup', 'anyAttribute']);

export const facetsOf = ({ node }: Component): Facet[] =>
  partsOf(node)
    .filter(({ name }) => !NO_FACETS.has(name))
    .map(part => {
      const value = attribute(part, 'value');
      if (value === undefined) throw new SchemaFault(`${part.name} has no value`);
      return { name: part.name, value };
    });
