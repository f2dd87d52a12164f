/** What a regular expression caught, for `$1` and for variables of named groups. */
import { regexOf } from '#kit/pcre.ts';
import type { Pattern, Template } from '#model/template.ts';
import type { Exchange } from '../exchange.ts';
import type { Getter, Text, VariableSpace } from '../variable/space.ts';
import { escapeCapture } from '../wire/h1/uri.ts';

/** @param names the pattern's named groups, as written */
export function rememberCaptures(exchange: Exchange, match: RegExpExecArray, names: readonly string[]): void {
  exchange.captures = match;
  for (let at = 0; at < names.length; at++) {
    const name = names[at]!;
    exchange.slots[exchange.tables.variables.slot(name.toLowerCase())] = match.groups?.[name] ?? '';
  }
}

/**
 * Compiles a template in which captures stand as arguments: they are decoded pieces of a path, so they are
 * escaped again if the client had sent escapes. Without captures this is the plain template.
 */
export function argumentText(template: Template, space: VariableSpace): Text {
  return space.text(template, name => (/^[1-9]$/.test(name) ? capturedArgument(Number(name)) : undefined));
}

/**
 * Compiles a value of `set` or of a condition: as in nginx, captures in it are escaped like arguments as long as
 * no `rewrite` of the same program has matched.
 */
export function programText(template: Template, space: VariableSpace): Text {
  const plain = space.text(template);
  if (typeof template === 'string' || !template.some(isCapture)) return plain;
  const escaped = argumentText(template, space);
  return exchange => (exchange.escapesCaptures ? escaped : plain)(exchange);
}

const isCapture = (part: Exclude<Template, string>[number]) =>
  typeof part !== 'string' && /^[1-9]$/.test(part.variable);

function capturedArgument(group: number): Getter {
  return exchange => {
    const value = exchange.captures?.[group];
    return value !== undefined && sentEscaped(exchange) ? escapeCapture(value) : value;
  };
}

/** Whether the path of the client's own request had a `%` or a `+` in it. */
function sentEscaped(exchange: Exchange): boolean {
  if (exchange.main !== exchange) return false;
  const { requestUri } = exchange;
  const question = requestUri.indexOf('?');
  const path = question === -1 ? requestUri : requestUri.slice(0, question);
  return path.includes('%') || path.includes('+');
}

/** A pattern whose captures become the request's. */
export class Matcher {
  readonly #regex: RegExp;
  readonly #names: readonly string[];
  readonly #slots: readonly number[];

  constructor(pattern: Pattern, variables: VariableSpace) {
    const { names } = pattern;
    this.#regex = regexOf(pattern);
    this.#names = names;
    this.#slots = names.map(name => variables.slot(name.toLowerCase()));
  }

  /** On a match the captures are replaced; otherwise they stay. */
  matches(exchange: Exchange, text: string): boolean {
    const match = this.#regex.exec(text);
    if (!match) return false;
    exchange.captures = match;
    for (let at = 0; at < this.#slots.length; at++)
      exchange.slots[this.#slots[at]!] = match.groups?.[this.#names[at]!] ?? '';
    return true;
  }
}
