/** Whether a document is as a DTD says. */
import { type AttributeRule, type Content, type Dtd, IS_NAME, type Model } from './dtd.ts';
import type { XmlElement } from './xml-tree.ts';

/**
 * Costs O(elements × states of a model); without recursion, for depth is a stranger's to choose.
 *
 * @see W3C, Extensible Markup Language (XML) 1.0, section 2.8: validity constraints
 */
export function isValid(root: XmlElement, dtd: Dtd): boolean {
  const ids = new Set<string>();
  const references: string[] = [];
  const stack = [root];
  for (let one = stack.pop(); one; one = stack.pop()) {
    const content = dtd.elements.get(one.tag);
    if (!content || !fits(one, content) || !attributesFit(one, dtd.attributes.get(one.tag), ids, references))
      return false;
    for (const child of one.children) if (typeof child !== 'string') stack.push(child);
  }
  return references.every(id => ids.has(id));
}

function fits({ children }: XmlElement, content: Content): boolean {
  if (content.kind === 'any') return true;
  if (content.kind === 'empty') return children.length === 0;
  const names: string[] = [];
  for (const child of children)
    if (typeof child !== 'string') names.push(child.tag);
    else if (content.kind === 'children' && !/^[ \t\r\n]*$/.test(child)) return false;
  return content.kind === 'mixed'
    ? names.every(name => content.names.has(name))
    : accepts(content.model, names);
}

function accepts({ byName, byNothing }: Model, names: readonly string[]): boolean {
  let states = closure([0], byNothing);
  for (const name of names) {
    const next: number[] = [];
    for (const state of states) {
      const to = byName[state]!.get(name);
      if (to !== undefined) next.push(to);
    }
    if (next.length === 0) return false;
    states = closure(next, byNothing);
  }
  return states.has(1);
}

function closure(from: readonly number[], byNothing: Model['byNothing']): Set<number> {
  const states = new Set(from);
  for (const state of states) for (const to of byNothing[state]!) states.add(to); // a set may grow while it is walked
  return states;
}

const NONE: ReadonlyMap<string, AttributeRule> = new Map();

function attributesFit(
  { attributes }: XmlElement,
  rules = NONE,
  ids: Set<string>,
  references: string[],
): boolean {
  const values = new Map(attributes.map(({ tag, value }) => [tag, value]));
  for (const rule of rules.values()) if (rule.isRequired && !values.has(rule.name)) return false;
  for (const [name, value] of values) {
    const rule = rules.get(name);
    if (!rule || !valueFits(rule, value, ids, references)) return false;
  }
  return true;
}

const TOKEN = /^[\w:.\-\x80-\xff]+$/;

function valueFits(
  { type, fixed }: AttributeRule,
  value: string,
  ids: Set<string>,
  references: string[],
): boolean {
  if (fixed !== undefined && value !== fixed) return false;
  if (type === 'CDATA') return true;
  const words = value.split(/[ \t\r\n]+/).filter(word => word !== '');
  const isOne = words.length === 1;
  if (type === 'NMTOKEN') return isOne && TOKEN.test(words[0]!);
  if (type === 'NMTOKENS') return words.length > 0 && words.every(word => TOKEN.test(word));
  if (typeof type !== 'string') return isOne && type.includes(words[0]!);
  if (words.length === 0 || !words.every(word => IS_NAME.test(word)) || (type !== 'IDREFS' && !isOne))
    return false;
  if (type !== 'ID') references.push(...words);
  else if (ids.has(words[0]!)) return false;
  else ids.add(words[0]!);
  return true;
}
