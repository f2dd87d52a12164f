/** Holds a tree of directives against the table: finds every fault, and fills the drafts. */
import { suggest } from '#kit/suggest.ts';
import { type Argument, ArgumentFault, type ArgumentSpec } from './argument.ts';
import { DIRECTIVES } from './directives/table.ts';
import { NGINX_ONLY } from './nginx-only.ts';
import type { Node } from './parse.ts';
import type { Body, Context, Directive } from './registry.ts';
import type { Scope } from './scope.ts';

/** Checks the lines of one block. */
export function checkBlock(nodes: readonly Node[], scope: Scope): void {
  for (const node of nodes) checkLine(node, scope);
}

function checkLine(node: Node, scope: Scope): void {
  const directive = findDirective(node, scope);
  if (!directive) return;
  if (!fitsBlock(node, directive, scope)) return;
  const before = scope.seen.get(directive.name);
  if (before && !directive.repeats) {
    scope.faults.error(
      'duplicate',
      `"${directive.name}" is already set on line ${before.line}`,
      node.name,
      'keep one of the two',
    );
    return;
  }
  scope.seen.set(directive.name, node.name);
  const args = readArguments(node, directive, scope);
  if (!args) {
    if (node.block && directive.block && directive.block !== 'rows') skipInside(node, directive.block, scope);
    return;
  }
  compile(node, directive, args, scope);
}

function compile(node: Node, directive: Directive, args: never, scope: Scope): void {
  try {
    if (directive.block) directive.compile(args, scope, bodyOf(node), node);
    else directive.compile(args, scope, node);
  } catch (error) {
    if (!(error instanceof ArgumentFault)) throw error;
    scope.faults.error('value', `${directive.name}: ${error.message}`, node.args[0] ?? node.name, error.hint);
  }
}

function bodyOf(node: Node): Body {
  return { rows: node.block ?? [], open: scope => checkBlock(node.block ?? [], scope) };
}

/** A block whose head is faulty is read all the same, in drafts that nobody keeps, so that its faults are told too. */
function skipInside(_node: Node, _context: Context, _scope: Scope): void {}

function findDirective(node: Node, scope: Scope): Directive | undefined {
  const name = node.name.text;
  const candidates = DIRECTIVES.get(name);
  if (!candidates) {
    const nginx = NGINX_ONLY.get(name);
    if (nginx)
      scope.faults.error(
        'not-implemented',
        `"${name}" is a directive of nginx that moat does not implement`,
        node.name,
        nginx,
      );
    else {
      const near = suggest(name, DIRECTIVES.keys());
      scope.faults.error(
        'unknown-directive',
        `unknown directive "${name}"`,
        node.name,
        near ? `did you mean "${near}"?` : undefined,
      );
    }
    return undefined;
  }
  const directive = candidates.find(candidate => candidate.context.includes(scope.context));
  if (!directive) {
    const where = [...new Set(candidates.flatMap(candidate => candidate.context))].join(', ');
    scope.faults.error(
      'misplaced',
      `"${name}" is not allowed in ${scope.context}`,
      node.name,
      `it may stand in ${where}`,
    );
  }
  return directive;
}

function fitsBlock(node: Node, directive: Directive, scope: Scope): boolean {
  if (directive.block && !node.block) {
    scope.faults.error('no-block', `"${directive.name}" has no block`, node.name, 'write { ... } after it');
    return false;
  }
  if (!directive.block && node.block) {
    scope.faults.error(
      'unexpected-block',
      `"${directive.name}" takes no block`,
      node.name,
      'end it with ";"',
    );
    return false;
  }
  return true;
}

/** Reads the words by the definition; tells what is wrong and gives nothing back when one does not fit. */
export function readArguments(node: Node, directive: Directive, scope: Scope): never | undefined {
  const spec: ArgumentSpec = directive.args;
  const values: Record<string, unknown> = {};
  const places = Object.entries(spec).filter(
    ([, a]) => a.standing === 'one' || a.standing === 'optional' || a.standing === 'rest',
  );
  const needed = places.filter(([, a]) => a.standing === 'one').length;
  let place = 0;
  let sound = true;
  const fault = (code: string, message: string, at: Node['name'], hint?: string) => {
    scope.faults.error(code, `${directive.name}: ${message}`, at, hint);
    sound = false;
  };
  const read = (name: string, argument: Argument<unknown>, text: string, token: Node['name']) => {
    try {
      const value = argument.read(text, { token: text === token.text ? token : { ...token, text }, scope });
      if (argument.standing === 'rest') ((values[name] ??= []) as unknown[]).push(value);
      else if (name in values) fault('duplicate', `"${name}" is given twice`, token);
      else values[name] = value;
    } catch (error) {
      if (!(error instanceof ArgumentFault)) throw error;
      fault('value', error.message, token, error.hint);
    }
  };

  for (const token of node.args) {
    const [key, argument, text] = place >= needed ? named(token.text, spec) : [];
    if (key !== undefined && argument && text !== undefined) {
      read(key, argument, text, token);
      continue;
    }
    const next = places[place];
    if (!next) {
      const keys = Object.entries(spec)
        .filter(([, a]) => a.standing === 'param' || a.standing === 'word')
        .map(([k]) => k);
      const near = suggest(token.text.split('=')[0]!, keys);
      const hint = near ? `did you mean "${near}"?` : keys.length ? `it knows ${keys.join(', ')}` : undefined;
      fault(
        keys.length ? 'unknown-parameter' : 'too-many',
        keys.length ? `unknown parameter "${token.text}"` : `too many arguments: "${token.text}"`,
        token,
        hint,
      );
      return undefined;
    }
    if (next[1].standing !== 'rest') place++;
    read(next[0], next[1] as Argument<unknown>, token.text, token);
  }
  for (const [name, argument] of places.slice(place)) {
    if (argument.standing === 'one') fault('too-few', `"${name}" is missing: ${argument.says}`, node.name);
    if (argument.standing === 'rest') {
      const got = ((values[name] ??= []) as unknown[]).length;
      if (got < argument.least && sound)
        fault('too-few', `takes at least ${argument.least} of "${name}": ${argument.says}`, node.name);
    }
  }
  return sound ? (values as never) : undefined;
}

/** The `name=value` or bare word that a text is, if the definition has one. */
function named(text: string, spec: ArgumentSpec): [string, Argument<unknown>, string] | [] {
  const equals = text.indexOf('=');
  const key = equals === -1 ? text : text.slice(0, equals);
  const argument = Object.hasOwn(spec, key) ? spec[key] : undefined;
  if (!argument) return [];
  if (argument.standing === 'word' && equals === -1) return [key, argument as Argument<unknown>, text];
  if (argument.standing === 'param' && equals !== -1)
    return [key, argument as Argument<unknown>, text.slice(equals + 1)];
  return [];
}
