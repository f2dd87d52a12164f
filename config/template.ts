/** Reads `$name`, `${name}` and `$1` out of a text. */
import type { Template, VariableRef } from '#model/template.ts';
import { type Site, siteWithin } from './lex.ts';

export class TemplateFault extends Error {
  readonly hint: string;
  constructor(
    message: string,
    hint = 'moat, like nginx, has no escape for "$": take it from a geo or map variable',
  ) {
    super(message);
    this.hint = hint;
  }
}

const VARIABLE = /\$(?:\{(\w*)(\}?)|([1-9])|(\w*))/g;

/**
 * Reads as ngx_http_script_compile() does: `$1` is a capture and takes one digit, `${1}` is no capture.
 *
 * @returns the text itself when it names no variable
 * @throws {TemplateFault} on a `$` that no name follows
 */
export function parseTemplate(text: string): Template {
  if (!text.includes('$')) return text;
  const parts: (string | VariableRef)[] = [];
  let at = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const [whole, braced, closing, capture, bare] = match;
    if (braced !== undefined && !closing)
      throw new TemplateFault(`the closing bracket in "${braced}" variable is missing`);
    const name = braced ?? capture ?? bare;
    if (!name) throw new TemplateFault('invalid variable name: nothing that is one follows "$"');
    if (braced && /^[1-9]$/.test(braced))
      throw new TemplateFault(`"\${${braced}}" is no capture`, `write $${braced}`);
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push({ variable: name.toLowerCase() });
    at = match.index + whole.length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

/** The variables that a sound text names, each with its own place in the word that stands at `site`. */
export function variablesIn(text: string, site: Site): [name: string, site: Site][] {
  return Array.from(text.matchAll(VARIABLE), match => {
    const [whole, braced, , capture, bare] = match;
    const name = braced ?? capture ?? bare ?? '';
    return [name.toLowerCase(), siteWithin(site, text, match.index, whole.length)];
  });
}
