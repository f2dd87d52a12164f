/** Whether a document is as an XML schema says (XML Schema, part 1). */
import type { XmlAttribute, XmlElement } from '../body/xml-tree.ts';
import type { AttributeUse, ComplexType, ElementDeclaration, Process, Schema, Type } from './model.ts';
import { nameOf, resolved, XSI } from './names.ts';
import { comesFrom } from './reader.ts';
import { normalized, type SimpleType, wordsOf } from './simple-type.ts';

/** An element to look at: as declared, or as its wildcard says. */
type Due = readonly [element: XmlElement, as: ElementDeclaration | Process];

/** Costs what reading the document did, and a few states an element; without recursion, for depth is a stranger's to choose. */
export const isSchemaValid = (root: XmlElement, schema: Schema): boolean =>
  new Validation(schema).isValid(root);

class Validation {
  readonly #schema: Schema;
  readonly #due: Due[] = [];
  readonly #ids = new Set<string>();
  readonly #references: string[] = [];

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  isValid(root: XmlElement): boolean {
    this.#due.push([root, 'strict']);
    for (let due = this.#due.pop(); due; due = this.#due.pop()) {
      const [element, as] = due;
      const fits = typeof as === 'string' ? this.#fitsAny(element, as) : this.#fits(element, as);
      if (!fits) return false;
    }
    return this.#references.every(id => this.#ids.has(id));
  }

  #fitsAny(element: XmlElement, process: Process): boolean {
    if (process === 'skip') return true;
    const declared = this.#schema.elements.get(nameOf(element.namespace, element.name));
    if (declared) return this.#fits(element, declared);
    const said = typeSaid(element);
    if (said !== undefined) {
      const type = this.#typeSaid(said, element);
      if (type) return this.#fitsType(element, type, undefined);
    }
    if (process === 'strict') return false;
    for (const child of element.children) if (typeof child !== 'string') this.#due.push([child, 'lax']);
    return element.attributes.every(one => isBeside(one) || this.#attributeFits(one, element, 'lax'));
  }

  #fits(element: XmlElement, declaration: ElementDeclaration): boolean {
    if (declaration.isAbstract) return false;
    const said = typeSaid(element);
    const type = said === undefined ? declaration.type : this.#typeSaid(said, element);
    if (!type || !comesFrom(type, declaration.type)) return false;
    const nil = element.attributes
      .find(({ namespace, name }) => namespace === XSI && name === 'nil')
      ?.value.trim();
    if (nil === undefined) return this.#fitsType(element, type, declaration);
    if (!declaration.isNillable || !/^(?:true|false|0|1)$/.test(nil)) return false;
    if (nil === 'false' || nil === '0') return this.#fitsType(element, type, declaration);
    return (
      element.children.length === 0 && declaration.fixed === undefined && this.#attributesFit(element, type)
    );
  }

  #typeSaid(text: string, { scope }: XmlElement): Type | undefined {
    const name = resolved(text.trim(), scope);
    return name === undefined ? undefined : this.#schema.type(name);
  }

  #fitsType(element: XmlElement, type: Type, declaration: ElementDeclaration | undefined): boolean {
    if (type.kind === 'complex' && type.isAbstract) return false;
    if (!this.#attributesFit(element, type)) return false;
    const content = type.kind === 'simple' ? type : type.content;
    if (content?.kind === 'simple') return this.#textFits(element, content, declaration);
    return this.#contentFits(element, type as ComplexType, declaration);
  }

  #textFits(element: XmlElement, type: SimpleType, declaration: ElementDeclaration | undefined): boolean {
    if (element.children.some(child => typeof child !== 'string')) return false;
    const text = element.children.join('');
    if (text === '' && (declaration?.hasDefault || declaration?.fixed !== undefined)) return true;
    const value = normalized(type, text);
    if (declaration?.fixed !== undefined && !areSame(type, value, normalized(type, declaration.fixed)))
      return false;
    return this.#valueFits(type, value, element);
  }

  #contentFits(element: XmlElement, type: ComplexType, declaration: ElementDeclaration | undefined): boolean {
    const children = element.children.filter(child => typeof child !== 'string');
    if (!type.isMixed && element.children.some(child => typeof child === 'string' && !isSpace(child)))
      return false;
    if (declaration?.fixed !== undefined)
      return children.length === 0 && ['', declaration.fixed].includes(element.children.join(''));
    // Where nothing may be, there is no room for white space either.
    if (type.content?.kind !== 'elements')
      return type.isMixed ? children.length === 0 : element.children.length === 0;
    const owners = type.content.owners(children);
    if (!owners) return false;
    for (const [at, owner] of owners.entries())
      this.#due.push([children[at]!, 'process' in owner ? owner.process : owner]);
    return true;
  }

  #attributesFit(element: XmlElement, type: Type): boolean {
    const uses = type.kind === 'complex' ? type.attributes : NO_ATTRIBUTES;
    const seen = new Set<string>();
    for (const one of element.attributes) {
      if (isBeside(one)) continue;
      const name = nameOf(one.namespace, one.name);
      const use = uses.get(name);
      seen.add(name);
      if (use ? !this.#useFits(use, one, element) : !this.#wildFits(one, element, type)) return false;
    }
    for (const [name, { isRequired }] of uses) if (isRequired && !seen.has(name)) return false;
    return true;
  }

  #wildFits(one: XmlAttribute, element: XmlElement, type: Type): boolean {
    const wildcards = type.kind === 'complex' ? type.anyAttribute : [];
    const taker = wildcards.find(({ takes }) => takes(one.namespace));
    return taker !== undefined && this.#attributeFits(one, element, taker.process);
  }

  #attributeFits(one: XmlAttribute, element: XmlElement, process: Process): boolean {
    if (process === 'skip') return true;
    const use = this.#schema.attributes.get(nameOf(one.namespace, one.name));
    return use ? this.#useFits(use, one, element) : process === 'lax';
  }

  #useFits({ type, fixed }: AttributeUse, { value: raw }: XmlAttribute, element: XmlElement): boolean {
    const value = normalized(type, raw);
    return (fixed === undefined || areSame(type, value, fixed)) && this.#valueFits(type, value, element);
  }

  #valueFits(type: SimpleType, value: string, { scope }: XmlElement): boolean {
    if (!type.accepts(value, scope)) return false;
    if (type.identity === 'IDREF') this.#references.push(...wordsOf(value));
    if (type.identity !== 'ID') return true;
    if (this.#ids.has(value)) return false;
    this.#ids.add(value);
    return true;
  }
}

const NO_ATTRIBUTES: ReadonlyMap<string, AttributeUse> = new Map();
const BESIDE = new Set(['type', 'nil', 'schemaLocation', 'noNamespaceSchemaLocation']);

/** Declarations of prefixes, and what any element may have. */
const isBeside = ({ tag, namespace, name }: XmlAttribute): boolean =>
  tag === 'xmlns' || tag.startsWith('xmlns:') || (namespace === XSI && BESIDE.has(name));

const typeSaid = ({ attributes }: XmlElement): string | undefined =>
  attributes.find(({ namespace, name }) => namespace === XSI && name === 'type')?.value;

const isSpace = (text: string): boolean => /^[ \t\r\n]*$/.test(text);

const areSame = ({ family }: SimpleType, one: string, other: string): boolean =>
  one === other || family.canonical(one) === family.canonical(other);
