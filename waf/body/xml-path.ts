/** The part of XPath that rules use: steps by name, `*`, `//`, attributes and text. */
import { RuleFault } from '../diagnostic.ts';
import type { XmlElement } from './xml-tree.ts';

interface Step {
  /** `//`: at any depth below. */
  readonly deep: boolean;
  readonly axis: 'element' | 'attribute' | 'text';
  /** `*`, or a name without its prefix. */
  readonly name: string;
  readonly namespace: string | undefined;
}

export type XmlPath = readonly Step[];

const STEP = /^(\/\/?)(?:(text\(\))|(@?)(?:([A-Za-z_][\w.-]*):)?(\*|[A-Za-z_][\w.-]*))/;

/**
 * Reads a path such as `/*`, `//@*`, `/soap:Envelope/soap:Body//text()`.
 *
 * @param namespaces prefix → URI, of the rule's `xmlns` actions
 * @throws {RuleFault} for what this part of XPath lacks: predicates, functions, other axes
 */
export function parsePath(text: string, namespaces: ReadonlyMap<string, string>): XmlPath {
  const steps: Step[] = [];
  let rest = text.startsWith('/') ? text : `/${text}`;
  while (rest !== '') {
    const match = STEP.exec(rest);
    if (!match || steps.at(-1)?.axis === 'attribute' || steps.at(-1)?.axis === 'text')
      throw new RuleFault(
        'xpath',
        `the path ${JSON.stringify(text)} is not understood at ${JSON.stringify(rest)}`,
        'use steps of names, *, //, @name and text()',
      );
    const [whole, slashes, textual, at, prefix, name] = match;
    const namespace = prefix === undefined ? undefined : namespaces.get(prefix);
    if (prefix !== undefined && namespace === undefined)
      throw new RuleFault(
        'xpath',
        `the prefix ${JSON.stringify(prefix)} is not declared`,
        `add xmlns:${prefix}=URI to the rule`,
      );
    const axis = textual ? 'text' : at ? 'attribute' : 'element';
    steps.push({ deep: slashes === '//', axis, name: name ?? '*', namespace });
    rest = rest.slice(whole.length);
  }
  return steps;
}

/** The values that a path finds, in document order. An element's value is all text in it. Costs O(document × steps). */
export function selectPath(root: XmlElement, path: XmlPath): string[] {
  // The document node, of which the root element is the only child.
  let at: XmlElement[] = [{ name: '', namespace: '', attributes: [], children: [root] }];
  for (const step of path) {
    const from = step.deep ? withDescendants(at) : at;
    if (step.axis === 'attribute') return from.flatMap(one => attributesOf(one, step));
    if (step.axis === 'text')
      return from.flatMap(one => one.children.filter(child => typeof child === 'string'));
    at = from.flatMap(one => childrenOf(one, step));
  }
  return at.map(textOf);
}

const isElement = (child: XmlElement | string): child is XmlElement => typeof child !== 'string';

function childrenOf(parent: XmlElement, { name, namespace }: Step): XmlElement[] {
  return parent.children.filter(
    (child): child is XmlElement =>
      isElement(child) &&
      (name === '*' || child.name === name) &&
      (namespace === undefined || child.namespace === namespace),
  );
}

const attributesOf = (of: XmlElement, { name }: Step): string[] =>
  of.attributes.filter(attribute => name === '*' || attribute.name === name).map(({ value }) => value);

function withDescendants(roots: readonly XmlElement[]): XmlElement[] {
  const found: XmlElement[] = [];
  const seen = new Set<XmlElement>();
  const stack = [...roots].reverse();
  while (stack.length > 0) {
    const one = stack.pop()!;
    if (seen.has(one)) continue;
    seen.add(one);
    found.push(one);
    for (let at = one.children.length - 1; at >= 0; at--) {
      const child = one.children[at]!;
      if (isElement(child)) stack.push(child);
    }
  }
  return found;
}

/** All text below an element, without recursion: depth is a stranger's to choose. */
export function textOf(root: XmlElement): string {
  let text = '';
  const stack: (XmlElement | string)[] = [root];
  while (stack.length > 0) {
    const one = stack.pop()!;
    if (typeof one === 'string') text += one;
    else for (let at = one.children.length - 1; at >= 0; at--) stack.push(one.children[at]!);
  }
  return text;
}
