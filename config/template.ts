/** Reads `$name`, `${name}` and `$1` out of a text. */
import type { Template, VariableRef } from '#model/template.ts';

export class TemplateFault extends Error {}

/**
 * @returns the text itself when it names no variable
 * @throws {TemplateFault} on a `$` that no name follows
 */
export function parseTemplate(text: string): Template {
  if (!text.includes('$')) return text;
  const parts: (string | VariableRef)[] = [];
  const pattern = /\$(?:\{([^}]*)\}?|(\d)|(\w+))?/g;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const name = match[1] ?? match[2] ?? match[3];
    if (name === undefined || !/^\w+$/.test(name))
      throw new TemplateFault('"$" without the name of a variable');
    if (match[1] !== undefined && !match[0].endsWith('}'))
      throw new TemplateFault(`"\${${name}" has no closing "}"`);
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push({ variable: name.toLowerCase() });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

/** The names of the variables in a template. */
export function variablesOf(template: Template): string[] {
  return typeof template === 'string'
    ? []
    : template.flatMap(part => (typeof part === 'string' ? [] : [part.variable]));
}
