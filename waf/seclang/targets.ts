/** What a rule inspects, as text: `ARGS|!ARGS:/^_/|&REQUEST_HEADERS:Host|XML:/*`. */
import { suggest } from '#kit/suggest.ts';
import { parsePath, type XmlPath } from '../body/xml-path.ts';
import { RuleFault } from '../diagnostic.ts';
import { findVariable, VARIABLES } from '../variable/table.ts';
import type { Variable } from '../variable/variable.ts';

/** Which entries of a collection are meant. */
export type Selector =
  | { readonly kind: 'key' /** In lower case. */; readonly key: string }
  | { readonly kind: 'pattern'; readonly source: string; test(key: string): boolean }
  | { readonly kind: 'path'; readonly source: string; readonly path: XmlPath };

export interface Target {
  readonly variable: Variable;
  readonly selector: Selector | undefined;
  readonly mode: 'values' | 'count' | 'exclude';
}

/** What reading a target needs: patterns are compiled by the engine's own matcher. */
export interface TargetContext {
  compilePattern(source: string): { test(value: string): boolean };
  /** Prefixes that `xmlns` of the rule declared. */
  readonly namespaces: ReadonlyMap<string, string>;
}

/** @throws {RuleFault} for an unknown variable, and for a selector where none belongs or one is missing */
export function parseTargets(text: string, context: TargetContext): Target[] {
  const parts = splitTargets(text);
  if (parts.length === 0)
    throw new RuleFault('targets', 'a rule without a variable', 'name what it inspects, as in ARGS');
  return parts.map(part => parseTarget(part, context));
}

/** Splits at `|` outside `/.../` and quotes. */
export function splitTargets(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let within = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (within) {
      part += char;
      if (char === '\\' && at + 1 < text.length) part += text[++at]!;
      else if (char === within) within = '';
    } else if (char === '|') {
      parts.push(part);
      part = '';
    } else {
      const opens = (char === '/' && part.endsWith(':') && !/^!?&?XML:$/i.test(part.trim())) || char === "'";
      if (opens) within = char;
      part += char;
    }
  }
  parts.push(part);
  return parts.map(one => one.trim()).filter(one => one !== '');
}

function parseTarget(text: string, context: TargetContext): Target {
  const mode = text.startsWith('!') ? 'exclude' : text.startsWith('&') ? 'count' : 'values';
  const bare = mode === 'values' ? text : text.slice(1).trimStart();
  const colon = bare.search(/[:.]/);
  const name = (colon < 0 ? bare : bare.slice(0, colon)).trim();
  const variable = findVariable(name);
  if (!variable) throw unknownVariable(name);
  const wanted = colon < 0 ? undefined : bare.slice(colon + 1);
  if (wanted !== undefined && variable.kind === 'one')
    throw new RuleFault(
      'targets',
      `${variable.name} is no collection, so it takes no selector`,
      `write ${variable.name}`,
    );
  return {
    variable,
    mode,
    selector: wanted === undefined ? undefined : parseSelector(wanted, variable, context),
  };
}

export function unknownVariable(name: string): RuleFault {
  const near = suggest(name.toUpperCase(), Object.keys(VARIABLES));
  return new RuleFault(
    'variable',
    `there is no variable ${JSON.stringify(name)}`,
    near && `did you mean ${near}?`,
  );
}

function parseSelector(text: string, variable: Variable, context: TargetContext): Selector {
  const bare = text.length > 1 && text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : text;
  if (bare === '') throw new RuleFault('targets', `${variable.name}: has no name after the colon`);
  if (variable.kind === 'tree') {
    const path = parsePath(bare, context.namespaces);
    return { kind: 'path', source: bare, path };
  }
  if (bare.length > 1 && bare.startsWith('/') && bare.endsWith('/')) {
    const source = bare.slice(1, -1).replace(/\\\//g, '/');
    const pattern = context.compilePattern(`(?i:${source})`);
    return { kind: 'pattern', source: bare, test: key => pattern.test(key) };
  }
  return { kind: 'key', key: bare.toLowerCase() };
}

/** A target in one spelling, so that equal ones can be told. */
export function targetKey({ variable, selector, mode }: Target): string {
  const sign = mode === 'exclude' ? '!' : mode === 'count' ? '&' : '';
  const inner = selector === undefined ? '' : `:${selector.kind === 'key' ? selector.key : selector.source}`;
  return `${sign}${variable.name}${inner}`;
}
