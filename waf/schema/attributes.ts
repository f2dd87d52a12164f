/** Which attributes an element may have. */

import { ANY_SIMPLE, BUILTIN_TYPES } from './builtin.ts';
import { attribute, type Component, type Components, meaning, partsOf } from './documents.ts';
import { restricted } from './facets.ts';
import type { AttributeUse, Wildcard } from './model.ts';
import { nameOf, SchemaFault, XML, XSD } from './names.ts';
import { simpleNamed, simpleTypeOf, type TypeRoom } from './simple-reader.ts';
import { normalized, type SimpleType, unionOf } from './simple-type.ts';
import { wildcardOf } from './wildcard.ts';

export interface AttributeSet {
  readonly uses: Map<string, AttributeUse>;
  readonly prohibited: Set<string>;
  wildcard: Wildcard | undefined;
}

const builtin = (name: string): SimpleType => BUILTIN_TYPES.get(nameOf(XSD, name))!;
const optional = (type: SimpleType): AttributeUse => ({ type, isRequired: false, fixed: undefined });
const oneOf = (...values: string[]): SimpleType =>
  restricted(
    builtin('token'),
    values.map(value => ({ name: 'enumeration', value })),
    () => ({ test: () => true }),
  );

/** Those that XML itself has. */
const XML_ATTRIBUTES: ReadonlyMap<string, AttributeUse> = new Map(
  Object.entries({
    lang: unionOf([builtin('language'), oneOf('')]),
    space: oneOf('default', 'preserve'),
    base: builtin('anyURI'),
    id: builtin('ID'),
  }).map(([name, type]) => [nameOf(XML, name), optional(type)]),
);

export class AttributeReader {
  readonly #components: Components;
  readonly #room: TypeRoom;
  readonly #known = new Map(XML_ATTRIBUTES);
  readonly #open = new Set<Component>();

  constructor(components: Components, room: TypeRoom) {
    this.#components = components;
    this.#room = room;
  }

  /** Those that are declared for all. */
  all(): ReadonlyMap<string, AttributeUse> {
    for (const name of this.#components.attribute.keys()) this.#declared(name);
    return this.#known;
  }

  /** @param holder a part with attributes in it: a type, a derivation, a group */
  setOf(holder: Component): AttributeSet {
    const set: AttributeSet = { uses: new Map(), prohibited: new Set(), wildcard: undefined };
    const { document } = holder;
    for (const node of partsOf(holder.node)) {
      const part = { node, document };
      if (node.name === 'attribute') this.#add(part, set);
      else if (node.name === 'attributeGroup') this.#addGroup(part, set);
      else if (node.name === 'anyAttribute') set.wildcard = common(set.wildcard, wildcardOf(part));
    }
    return set;
  }

  #add(part: Component, set: AttributeSet): void {
    const { node } = part;
    const reference = attribute(node, 'ref');
    const name = reference === undefined ? this.#localName(part) : meaning(reference, part);
    const use = attribute(node, 'use') ?? 'optional';
    if (use === 'prohibited') {
      set.prohibited.add(name);
      return;
    }
    if (set.uses.has(name)) throw new SchemaFault(`the attribute ${name} stands twice`);
    const declared = reference === undefined ? this.#useOf(part) : this.#declared(name);
    const fixed = attribute(node, 'fixed');
    set.uses.set(name, {
      type: declared.type,
      isRequired: use === 'required',
      fixed: fixed === undefined ? declared.fixed : normalized(declared.type, fixed),
    });
  }

  #addGroup(part: Component, set: AttributeSet): void {
    const name = meaning(attribute(part.node, 'ref') ?? '', part);
    const group = this.#components.attributeGroup.get(name);
    if (!group) throw new SchemaFault(`there is no attributeGroup ${name}`);
    if (this.#open.has(group)) throw new SchemaFault(`the attributeGroup ${name} is within itself`);
    this.#open.add(group);
    const inner = this.setOf(group);
    this.#open.delete(group);
    for (const [key, use] of inner.uses) set.uses.set(key, use);
    if (inner.wildcard) set.wildcard = common(set.wildcard, inner.wildcard);
  }

  #localName({ node, document }: Component): string {
    const name = attribute(node, 'name');
    if (name === undefined) throw new SchemaFault('an attribute has no name');
    const form = attribute(node, 'form');
    const isQualified = form === undefined ? document.qualifiesAttributes : form === 'qualified';
    return nameOf(isQualified ? document.namespace : '', name);
  }

  #declared(name: string): AttributeUse {
    const known = this.#known.get(name);
    if (known) return known;
    const component = this.#components.attribute.get(name);
    if (!component) throw new SchemaFault(`there is no attribute ${name}`);
    const use = this.#useOf(component);
    this.#known.set(name, use);
    return use;
  }

  #useOf(part: Component): AttributeUse {
    const { node, document } = part;
    const named = attribute(node, 'type');
    const written = partsOf(node).find(({ name }) => name === 'simpleType');
    const type =
      named !== undefined
        ? simpleNamed(named, part, this.#room)
        : written
          ? simpleTypeOf({ node: written, document }, this.#room)
          : ANY_SIMPLE;
    const fixed = attribute(node, 'fixed');
    return { type, isRequired: false, fixed: fixed === undefined ? undefined : normalized(type, fixed) };
  }
}

/** What both take. */
function common(one: Wildcard | undefined, other: Wildcard): Wildcard {
  if (!one) return other;
  return { process: other.process, takes: namespace => one.takes(namespace) && other.takes(namespace) };
}
