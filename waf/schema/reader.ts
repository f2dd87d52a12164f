/** An XML schema, read from files at load (W3C, XML Schema 1.0, parts 1 and 2). What is not understood is a fault, and nothing is passed over. */
import { AttributeReader } from './attributes.ts';
import { ANY_SIMPLE, BUILTIN_TYPES } from './builtin.ts';
import { contentModel, type Particle, type Term } from './content-model.ts';
import {
  attribute,
  type Component,
  type Components,
  meaning,
  partsOf,
  readDocuments,
  refuseBlock,
} from './documents.ts';
import { restricted } from './facets.ts';
import type { AttributeUse, ComplexType, ElementDeclaration, Schema, Type, Wildcard } from './model.ts';
import { nameOf, SchemaFault, XSD } from './names.ts';
import { facetsOf, simpleTypeOf } from './simple-reader.ts';
import type { SimpleType } from './simple-type.ts';
import { wildcardOf } from './wildcard.ts';

export interface SchemaRoom {
  /** The text of a file, one char a byte. */
  dataFile(path: string): string;
  compilePattern(source: string): { test(value: string): boolean };
}

const ANYTHING: Wildcard = { process: 'lax', takes: () => true };
const ANY_PARTICLE: Particle = {
  min: 0,
  max: Number.POSITIVE_INFINITY,
  term: { kind: 'any', wildcard: ANYTHING },
};

/** `xs:anyType`: what all others restrict. */
export const ANY_TYPE: ComplexType = {
  kind: 'complex',
  base: undefined,
  isAbstract: false,
  isMixed: true,
  content: contentModel(ANY_PARTICLE),
  attributes: new Map(),
  anyAttribute: [ANYTHING],
};

/** @throws {SchemaFault} */
export function readSchema(file: string, room: SchemaRoom): Schema {
  return new SchemaReader(
    readDocuments(file, path => room.dataFile(path)),
    room,
  ).read();
}

const IDENTITY = new Set(['unique', 'key', 'keyref']);
const GROUPS = new Set(['sequence', 'choice', 'all', 'group']);

class SchemaReader {
  readonly #components: Components;
  readonly #attributes: AttributeReader;
  readonly #elements = new Map<string, ElementDeclaration>();
  readonly #types = new Map<string, Type>();
  /** Of complex types, for those that extend them. */
  readonly #particles = new Map<ComplexType, Particle | undefined>([[ANY_TYPE, ANY_PARTICLE]]);
  readonly #members = new Map<string, string[]>();
  readonly #open = new Set<Component>();
  /** Declarations whose types have not been made yet: a type may hold elements of itself. */
  readonly #pending: ElementDeclaration[] = [];
  readonly compilePattern: SchemaRoom['compilePattern'];

  constructor(components: Components, { compilePattern }: SchemaRoom) {
    this.#components = components;
    this.compilePattern = compilePattern;
    this.#attributes = new AttributeReader(components, this);
    for (const [name, component] of components.element) {
      const head = attribute(component.node, 'substitutionGroup');
      if (head === undefined) continue;
      const key = meaning(head, component);
      this.#members.set(key, [...(this.#members.get(key) ?? []), name]);
    }
  }

  read(): Schema {
    for (const name of this.#components.element.keys()) this.#element(name);
    for (const name of this.#components.type.keys()) this.type(name);
    for (const [name, group] of this.#components.group) this.#group(name, group);
    const attributes = this.#attributes.all();
    for (const { type } of this.#pending) void type; // it grows while types are made
    if (this.#elements.size === 0) throw new SchemaFault('it declares no element');
    return {
      elements: this.#elements,
      attributes,
      type: name =>
        BUILTIN_TYPES.get(name) ?? this.#types.get(name) ?? (name === ANY_NAME ? ANY_TYPE : undefined),
    };
  }

  type(name: string): Type {
    const known = BUILTIN_TYPES.get(name) ?? this.#types.get(name);
    if (known) return known;
    if (name === ANY_NAME) return ANY_TYPE;
    const component = this.#components.type.get(name);
    if (!component) throw new SchemaFault(`there is no type ${name}`);
    return this.#within(component, `the type ${name}`, () => {
      const type = this.#typeOf(component);
      this.#types.set(name, type);
      return type;
    });
  }

  #within<T>(component: Component, what: string, make: () => T): T {
    if (this.#open.has(component)) throw new SchemaFault(`${what} is made of itself`);
    this.#open.add(component);
    const made = make();
    this.#open.delete(component);
    return made;
  }

  #typeOf(component: Component): Type {
    return component.node.name === 'simpleType'
      ? simpleTypeOf(component, this)
      : this.#complexType(component);
  }

  #element(name: string): ElementDeclaration {
    const known = this.#elements.get(name);
    if (known) return known;
    const component = this.#components.element.get(name);
    if (!component) throw new SchemaFault(`there is no element ${name}`);
    const declaration = this.#declaration(name, component);
    this.#elements.set(name, declaration);
    return declaration;
  }

  #declaration(name: string, component: Component): ElementDeclaration {
    const { node } = component;
    refuseBlock(node);
    const constraint = partsOf(node).find(part => IDENTITY.has(part.name));
    if (constraint) throw new SchemaFault(`<${constraint.tag}> of the element ${name} is not understood`);
    let type: Type | undefined;
    const make = () => this.#typeOfElement(component);
    const declaration: ElementDeclaration = {
      name,
      get type() {
        return (type ??= make());
      },
      isAbstract: isTrue(attribute(node, 'abstract')),
      isNillable: isTrue(attribute(node, 'nillable')),
      fixed: attribute(node, 'fixed'),
      hasDefault: attribute(node, 'default') !== undefined,
    };
    this.#pending.push(declaration);
    return declaration;
  }

  #typeOfElement(component: Component): Type {
    const { node, document } = component;
    const named = attribute(node, 'type');
    if (named !== undefined) return this.type(meaning(named, component));
    const written = partsOf(node).find(({ name }) => name === 'simpleType' || name === 'complexType');
    if (written) return this.#typeOf({ node: written, document });
    const head = attribute(node, 'substitutionGroup');
    return head === undefined ? ANY_TYPE : this.#element(meaning(head, component)).type;
  }

  #complexType(component: Component): ComplexType {
    const { node, document } = component;
    refuseBlock(node);
    const [content] = partsOf(node);
    if (content?.name === 'simpleContent' || content?.name === 'complexContent') {
      const [derivation] = partsOf(content);
      if (derivation?.name !== 'extension' && derivation?.name !== 'restriction')
        throw new SchemaFault(`a ${content.name} has neither extension nor restriction`);
      const part = { node: derivation, document };
      const base = this.type(meaning(attribute(derivation, 'base') ?? '', part));
      const isMixed = isTrue(attribute(content, 'mixed') ?? attribute(node, 'mixed'));
      return content.name === 'simpleContent'
        ? this.#simpleContent(component, part, base)
        : this.#complexContent(component, part, base, isMixed);
    }
    const particle = this.#contentOf(component);
    return this.#made(component, component, ANY_TYPE, isTrue(attribute(node, 'mixed')), particle, false);
  }

  #simpleContent(component: Component, part: Component, base: Type): ComplexType {
    let content: ComplexType['content'] | SimpleType = base.kind === 'simple' ? base : base.content;
    if (content?.kind !== 'simple') throw new SchemaFault('the base of a simpleContent holds no text');
    const extends_ = part.node.name === 'extension';
    if (!extends_) {
      if (base.kind === 'simple') throw new SchemaFault('a simpleContent restricts a simple type');
      const written = partsOf(part.node).find(({ name }) => name === 'simpleType');
      const from = written ? simpleTypeOf({ node: written, document: part.document }, this) : content;
      content = restricted(from, facetsOf(part), this.compilePattern);
    }
    return { ...this.#made(component, part, base, false, undefined, extends_), content };
  }

  #complexContent(component: Component, part: Component, base: Type, isMixed: boolean): ComplexType {
    if (base.kind === 'simple' || base.content?.kind === 'simple')
      throw new SchemaFault('the base of a complexContent holds no elements');
    const own = this.#contentOf(part);
    const extends_ = part.node.name === 'extension';
    if (!extends_ || base === ANY_TYPE) return this.#made(component, part, base, isMixed, own, extends_);
    const before = this.#particles.get(base);
    const particle =
      before && own
        ? { min: 1, max: 1, term: { kind: 'sequence' as const, particles: [before, own] } }
        : (own ?? before);
    return this.#made(component, part, base, isMixed || base.isMixed, particle, true);
  }

  /** @param holder where attributes are */
  #made(
    { node }: Component,
    holder: Component,
    base: Type,
    isMixed: boolean,
    particle: Particle | undefined,
    extends_: boolean,
  ): ComplexType {
    const { uses, prohibited, wildcard } = this.#attributes.setOf(holder);
    const inherited: Iterable<[string, AttributeUse]> =
      base.kind === 'complex' ? [...base.attributes].filter(([name]) => !prohibited.has(name)) : [];
    const wildcards = wildcard ? [wildcard] : [];
    const type: ComplexType = {
      kind: 'complex',
      base,
      isAbstract: isTrue(attribute(node, 'abstract')),
      isMixed,
      content: particle && contentModel(particle),
      attributes: new Map([...inherited, ...uses]),
      anyAttribute: extends_ && base.kind === 'complex' ? [...wildcards, ...base.anyAttribute] : wildcards,
    };
    this.#particles.set(type, particle);
    return type;
  }

  #contentOf({ node, document }: Component): Particle | undefined {
    const groups = partsOf(node).filter(({ name }) => GROUPS.has(name));
    if (groups.length > 1) throw new SchemaFault('a type has two contents');
    const [group] = groups;
    const particle = group && this.#particle({ node: group, document });
    return particle && isEmpty(particle) ? undefined : particle;
  }

  #particle(component: Component): Particle {
    const { node } = component;
    const min = occurs(attribute(node, 'minOccurs') ?? '1');
    const max = occurs(attribute(node, 'maxOccurs') ?? '1');
    if (min > max) throw new SchemaFault(`minOccurs of <${node.tag}> is more than maxOccurs`);
    return { min, max, term: this.#term(component) };
  }

  #term(component: Component): Term {
    const { node, document } = component;
    if (node.name === 'element') return { kind: 'element', byName: this.#named(component) };
    if (node.name === 'any') return { kind: 'any', wildcard: wildcardOf(component) };
    if (node.name === 'group') {
      const name = meaning(attribute(node, 'ref') ?? '', component);
      const group = this.#components.group.get(name);
      if (!group) throw new SchemaFault(`there is no group ${name}`);
      return this.#group(name, group);
    }
    if (node.name !== 'sequence' && node.name !== 'choice' && node.name !== 'all')
      throw new SchemaFault(`<${node.tag}> stands where a content is wanted`);
    return {
      kind: node.name,
      particles: partsOf(node).map(part => this.#particle({ node: part, document })),
    };
  }

  #group(name: string, group: Component): Term {
    return this.#within(group, `the group ${name}`, () => {
      const [inner] = partsOf(group.node);
      if (!inner) throw new SchemaFault(`the group ${name} is empty`);
      return this.#term({ node: inner, document: group.document });
    });
  }

  /** An element, and those that may stand for it. */
  #named(component: Component): Map<string, ElementDeclaration> {
    const { node, document } = component;
    const reference = attribute(node, 'ref');
    if (reference !== undefined) {
      const names = new Set([meaning(reference, component)]);
      for (const name of names) for (const member of this.#members.get(name) ?? []) names.add(member);
      return new Map([...names].map(name => [name, this.#element(name)]));
    }
    const local = attribute(node, 'name');
    if (local === undefined) throw new SchemaFault('an element has neither name nor ref');
    const form = attribute(node, 'form');
    const isQualified = form === undefined ? document.qualifiesElements : form === 'qualified';
    const name = nameOf(isQualified ? document.namespace : '', local);
    return new Map([[name, this.#declaration(name, component)]]);
  }
}

const ANY_NAME = nameOf(XSD, 'anyType');
const isTrue = (text: string | undefined): boolean => text === 'true' || text === '1';

function occurs(text: string): number {
  if (text === 'unbounded') return Number.POSITIVE_INFINITY;
  if (!/^\s*\d{1,6}\s*$/.test(text)) throw new SchemaFault(`${JSON.stringify(text)} says not how often`);
  return Number(text);
}

const isEmpty = ({ max, term }: Particle): boolean =>
  max === 0 || ('particles' in term && term.kind !== 'choice' && term.particles.every(isEmpty));

/** Whether a type is another one, or made from it. */
export function comesFrom(type: Type, from: Type): boolean {
  if (from === ANY_TYPE || (from === ANY_SIMPLE && type.kind === 'simple')) return true;
  for (let one: Type | undefined = type; one; one = one.base) if (one === from) return true;
  return false;
}
