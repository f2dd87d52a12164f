/** Holds a tree of directives against the table: finds every fault, and fills the drafts. */
import { suggest } from '#kit/suggest.ts';
import { ArgumentFault } from './argument.ts';
import { DIRECTIVES } from './directives/table.ts';
import type { Site, Token } from './lex.ts';
import { NGINX_ONLY, type NginxOnly } from './nginx-only/nginx-only.ts';
import { COMMAND_LINE, type Node } from './parse.ts';
import { type Body, type Context, contextName, type Directive } from './registry.ts';
import type { Scope } from './scope.ts';
import { scratchScope } from './scratch.ts';
import { lookalikeHint } from './spelling.ts';

/** Context → what may stand there, by name. */
const ALLOWED: Readonly<Partial<Record<Context, ReadonlyMap<string, Directive>>>> = Object.fromEntries(
  Map.groupBy(
    [...DIRECTIVES.values()]
      .flat()
      .flatMap(directive => directive.context.map(context => ({ context, directive }))),
    ({ context }) => context,
  )
    .entries()
    .map(([context, rows]) => [context, new Map(rows.map(({ directive }) => [directive.name, directive]))]),
);

/** Checks the lines of one block. */
export function checkBlock(nodes: readonly Node[], scope: Scope): void {
  for (const node of nodes) checkLine(node, scope);
}

function checkLine(node: Node, scope: Scope): void {
  if (scope.faults.isFull) return;
  const directive = ALLOWED[scope.context]?.get(node.name.text);
  if (!directive) refuseName(node, scope);
  else if (hasItsBlock(node, directive, scope) && isFirst(node, directive, scope))
    apply(node, directive, scope);
}

function apply(node: Node, directive: Directive, scope: Scope): void {
  const body = node.block ? new BlockBody(node.block) : NO_BODY;
  const told = scope.faults.count;
  try {
    directive.apply(node, scope, body);
  } catch (error) {
    if (!(error instanceof ArgumentFault)) throw error;
    const site = error.site ?? node.args[0] ?? node.name;
    scope.faults.error('value', `${directive.name}: ${error.message}`, site, error.hint);
  }
  if (scope.faults.count > told) scope.faults.explain(told, hintForLine(node));
  if (!body.opened) lookInside(node, directive, scope);
}

/** A block whose head is faulty is read all the same, so that the faults inside are told too. */
function lookInside(node: Node, directive: Directive, scope: Scope): void {
  if (!node.block || !directive.block || directive.block === 'rows') return;
  const scratch = scratchScope(directive.block, scope, node.name);
  if (scratch) checkBlock(node.block, scratch);
}

class BlockBody implements Body {
  readonly rows: readonly Node[];
  opened = false;

  constructor(rows: readonly Node[]) {
    this.rows = rows;
  }

  open(scope: Scope, rows = this.rows): void {
    this.opened = true;
    checkBlock(rows, scope);
  }
}

/** Of the directives that take no block: nothing reads it. */
const NO_BODY = new BlockBody([]);

function refuseName(node: Node, scope: Scope): void {
  const { name } = node;
  const elsewhere = DIRECTIVES.get(name.text);
  const nginx = NGINX_ONLY.get(name.text);
  if (elsewhere) refusePlace(node, elsewhere, scope);
  else if (nginx) refuseNginxOnly(node, nginx, scope);
  else
    scope.faults.error('unknown-directive', `unknown directive "${name.text}"`, name, hintForUnknown(node));
}

function refuseNginxOnly(node: Node, { hint, beside }: NginxOnly, scope: Scope): void {
  const { name } = node;
  const swallowed = wordOfNextLine(node);
  if (!node.block && swallowed)
    scope.faults.error(
      'too-many',
      `"${name.text}" goes on with "${swallowed.word.text}"`,
      swallowed.word,
      hintForMissingSemicolon(node),
    );
  else if (!(isSwitchedOff(node) || isIdle(node, beside)))
    scope.faults.error(
      'not-implemented',
      `"${name.text}" is a directive of nginx that moat does not implement`,
      name,
      hint,
    );
}

/** `proxy_cache off` asks for what moat does: many configurations say so where they stream. */
const isSwitchedOff = ({ args, block }: Node) => !block && args.length === 1 && args[0]!.text === 'off';

/** A line that tunes what is not there, or a `stream` or `mail` that serves nobody: nginx would do nothing either. */
const isIdle = ({ block }: Node, beside: string | undefined) =>
  block ? beside === 'server' && !block.some(({ name }) => name.text === 'server') : beside !== undefined;

/** One cause behind all faults of a line. */
function hintForLine(node: Node): string | undefined {
  if (node.block) return undefined;
  return hintForMissingSemicolon(node) ?? lookalikeHint(node.args.map(({ text }) => text));
}

function hintForUnknown({ name }: Node): string | undefined {
  if (name.text === 'else') return 'there is no "else": use map, or a second "if" for the opposite';
  const lookalike = lookalikeHint([name.text]);
  if (lookalike) return lookalike;
  if (name.text.includes('}')) return 'a regular expression with "{", "}" or ";" in it goes in quotes';
  const near = suggest(name.text.toLowerCase(), DIRECTIVES.keys());
  return near && `did you mean "${near}"?`;
}

function refusePlace(node: Node, elsewhere: readonly Directive[], scope: Scope): void {
  const contexts = [...new Set(elsewhere.flatMap(directive => directive.context))];
  const block = elsewhere.find(directive => directive.block);
  scope.faults.error(
    'misplaced',
    `"${node.name.text}" is not allowed in ${contextName(scope.context).replace(/^if/, 'an if')}`,
    node.name,
    `it may stand in ${contexts.map(contextName).join(', ')}${block ? braceHint(contexts, scope.context) : ''}`,
  );
  if (block) lookInside(node, block, scope);
}

/** A brace that is missing, or too much, puts the blocks after it one level too deep, or too high. */
function braceHint(contexts: readonly Context[], context: Context): string {
  if (context === 'main')
    return contexts.includes('http') ? ': put http { } around it, or take a "}" out above' : '';
  const isDeeper = (contexts.includes('http') && context !== 'events') || contexts.includes('main');
  return isDeeper ? '; is a "}" missing above?' : '';
}

function hasItsBlock(node: Node, directive: Directive, scope: Scope): boolean {
  const { name } = directive;
  if (directive.block && !node.block)
    scope.faults.error('no-block', `"${name}" has no block`, node.name, 'write { ... } after it');
  else if (!directive.block && node.block)
    scope.faults.error(
      'unexpected-block',
      `"${name}" takes no block`,
      node.name,
      hintForMissingSemicolon(node) ?? 'end it with ";"',
    );
  else return true;
  return false;
}

function hintForMissingSemicolon(node: Node): string | undefined {
  const swallowed = wordOfNextLine(node);
  return swallowed && `is a ";" missing after "${swallowed.before.text}" on line ${swallowed.before.line}?`;
}

/** A `;` that is missing makes the next line a part of this one: a word that starts a line and is a directive's name. */
function wordOfNextLine({ name, args }: Node): { readonly word: Token; readonly before: Token } | undefined {
  let before = name;
  for (const word of args) {
    if (
      word.line > before.line &&
      word.quote === '' &&
      (DIRECTIVES.has(word.text) || NGINX_ONLY.has(word.text))
    )
      return { word, before };
    before = word;
  }
  return undefined;
}

function isFirst(node: Node, directive: Directive, scope: Scope): boolean {
  if (directive.repeats) return true;
  const before = scope.firstSite(directive.name, node.name);
  if (!before) return true;
  const message = `"${directive.name}" is already set ${placeOf(before, node.name)}`;
  scope.faults.error('duplicate', message, node.name, 'keep one of the two');
  return false;
}

/** Where the first of two stands, as seen from the second. */
function placeOf(first: Site, second: Site): string {
  if (first.file === COMMAND_LINE) return 'on the command line (-g)';
  return first.file === second.file ? `on line ${first.line}` : `in ${first.file} on line ${first.line}`;
}
