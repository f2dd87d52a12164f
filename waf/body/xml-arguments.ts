/** Texts of an XML body as arguments: `<a><b>x</b></a>` has `xml.a.b` with the value `x`. */
import type { XmlElement } from './xml-tree.ts';

export interface XmlArgumentTarget {
  /** @returns false when there may be no more */
  argument(name: string, value: string): boolean;
}

/** One argument for each element that has text of its own and for each attribute. O(document), without recursion. */
export function readXmlArguments(root: XmlElement, target: XmlArgumentTarget): void {
  const stack: { readonly element: XmlElement; readonly above: string }[] = [{ element: root, above: 'xml' }];
  for (let at = stack.pop(); at; at = stack.pop()) {
    const { element } = at;
    const name = `${at.above}.${element.name}`.slice(0, NAME_MOST);
    const text = element.children.filter(child => typeof child === 'string').join('');
    if (!/^\s*$/.test(text) && !target.argument(name, text)) return;
    for (const attribute of element.attributes)
      if (!target.argument(`${name}.${attribute.name}`, attribute.value)) return;
    for (const child of element.children.toReversed())
      if (typeof child !== 'string') stack.push({ element: child, above: name });
  }
}

/** Names of deep elements are cut, for each holds those of all above it. */
const NAME_MOST = 1024;
