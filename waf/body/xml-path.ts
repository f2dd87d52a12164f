/** The part of XPath that rules use: steps by name, `*`, `//`, attributes, text, and simple predicates. */
import { RuleFault } from '../diagnostic.ts';
import type { XmlElement } from './xml-tree.ts';

interface Step {
  /** `//`: at any depth below. */
  readonly deep: boolean;
  readonly axis: 'element' | 'attribute' | 'text';
  /** `*`, or a name without its prefix. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly predicates: readonly Predicate[];
}

export type XmlPath = readonly Step[];

const STEP = /^(\/\/?)(?:(text\(\))|(@?)(?:([A-Za-z_][\w.-]*):)?(\*|[A-Za-z_][\w.-]*))/;

/**
 * Reads a path such as `/*`, `//@*`, `/soap:Envelope/soap:Body//text()`.
 *
 * @param namespaces prefix → URI, of the rule's `xmlns` actions
 * @throws {RuleFault} for what this part of XPath lacks: other axes, functions, `and`, comparisons other than `=`
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
        "use steps of names, *, //, @name and text(), and predicates such as [1], [@a='x'], [local-name()='x']",
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
    rest = rest.slice(whole.length);
    const predicates: Predicate[] = [];
    for (let read = axis === 'element' ? readPredicate(rest) : undefined; read; read = readPredicate(rest)) {
      predicates.push(read.predicate);
      rest = rest.slice(read.length);
    }
    steps.push({ deep: slashes === '//', axis, name: name ?? '*', namespace, predicates });
  }
  return steps;
}

/** The values that a path finds, in document order. An element's value is all text in it. Costs O(document × steps). */
export function selectPath(root: XmlElement, path: XmlPath): string[] {
  // The document node, of which the root element is the only child.
  let at: XmlElement[] = [
    { name: '', tag: '', namespace: '', attributes: [], children: [root], scope: root.scope },
  ];
  for (const step of path) {
    const from = step.deep ? withDescendants(at) : at;
    if (step.axis === 'attribute') return from.flatMap(one => attributesOf(one, step));
    if (step.axis === 'text')
      return from.flatMap(one => one.children.filter(child => typeof child === 'string'));
    at = from.flatMap(one => childrenOf(one, step));
  }
  return at.map(one => textOf(one));
}

const isElement = (child: XmlElement | string): child is XmlElement => typeof child !== 'string';

function childrenOf(parent: XmlElement, { name, namespace, predicates }: Step): XmlElement[] {
  let found = parent.children.filter(
    (child): child is XmlElement =>
      isElement(child) &&
      (name === '*' || child.name === name) &&
      (namespace === undefined || child.namespace === namespace),
  );
  for (const predicate of predicates)
    found = found.filter((one, at, { length }) => holds(predicate, one, at, length));
  return found;
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

/** What stands in brackets after a step: only elements for which it holds go on. */
interface Predicate {
  readonly kind: 'position' | 'last' | 'attribute' | 'child' | 'text' | 'own name';
  /** Of the attribute or the child; `*` for any. */
  readonly name: string;
  /** What it has to be equal to; undefined: it has to be there. */
  readonly value: string | undefined;
  readonly position: number;
}

const PREDICATE =
  /^\[\s*(?:([1-9][0-9]{0,8})|(last\(\))|(?:(@?)(?:[A-Za-z_][\w.-]*:)?(\*|[A-Za-z_][\w.-]*(?!\())|(text\(\)|\.)|((?:local-)?name\(\)))\s*(?:=\s*(?:'([^']*)'|"([^"]*)"))?)\s*\]/;

/** `[2]`, `[last()]`, `[@a]`, `[@a='x']`, `[b]`, `[b='x']`, `[text()]`, `[text()='x']`, `[.='x']`, `[local-name()='x']`. */
function readPredicate(text: string): { readonly predicate: Predicate; readonly length: number } | undefined {
  const match = PREDICATE.exec(text);
  if (!match) return undefined;
  const [whole, position, last, at, name, textual, own, single, double] = match;
  const value = single ?? double;
  const kind = position
    ? 'position'
    : last
      ? 'last'
      : textual
        ? 'text'
        : own
          ? 'own name'
          : at
            ? 'attribute'
            : 'child';
  return {
    predicate: { kind, name: name ?? '*', value, position: Number(position ?? 0) },
    length: whole.length,
  };
}

function holds(
  { kind, name, value, position }: Predicate,
  one: XmlElement,
  at: number,
  count: number,
): boolean {
  const fits = (found: string): boolean => value === undefined || found === value;
  if (kind === 'position') return at + 1 === position;
  if (kind === 'last') return at + 1 === count;
  if (kind === 'own name') return fits(one.name);
  if (kind === 'text') return value === undefined ? hasText(one) : textOf(one, value.length) === value;
  if (kind === 'attribute')
    return one.attributes.some(
      attribute => (name === '*' || attribute.name === name) && fits(attribute.value),
    );
  return one.children.some(
    child =>
      isElement(child) &&
      (name === '*' || child.name === name) &&
      (value === undefined || textOf(child, value.length) === value),
  );
}

const hasText = ({ children }: XmlElement): boolean => children.some(child => typeof child === 'string');

/**
 * All text below an element, without recursion: depth is a stranger's to choose.
 *
 * @param most more than so many characters are not looked for
 */
export function textOf(root: XmlElement, most = Number.POSITIVE_INFINITY): string {
  let text = '';
  const stack: (XmlElement | string)[] = [root];
  while (stack.length > 0 && text.length <= most) {
    const one = stack.pop()!;
    if (typeof one === 'string') text += one;
    else for (let at = one.children.length - 1; at >= 0; at--) stack.push(one.children[at]!);
  }
  return text;
}
