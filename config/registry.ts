/** What a directive is: data, and one function that writes it into the draft of its block. */
import type { ArgumentSpec, ArgumentValues } from './argument.ts';
import { Form } from './form.ts';
import type { Token } from './lex.ts';
import type { Node } from './parse.ts';
import type { Scope } from './scope.ts';

export const CONTEXTS = [
  'main',
  'events',
  'http',
  'server',
  'location',
  'server-if',
  'location-if',
  'limit_except',
  'upstream',
  'match',
  'l4',
  'virtual_server',
  'cluster',
  'vrrp_instance',
  'vrrp_script',
  'sync_group',
  'flow_sync',
  'session_store',
  'heartbeat',
  'api',
  'acme_issuer',
  'gslb',
  'zone',
  'record',
  'otel_exporter',
  'oidc',
] as const;
export type Context = (typeof CONTEXTS)[number];

/** A context as one speaks of it. */
export const contextName = (context: Context): string => context.replace(/^(.*)-if$/, 'if in $1');

export interface DirectiveDoc<A> {
  readonly summary: string;
  readonly args?: { readonly [K in keyof A]: string };
  /** What holds where the directive is absent, as one would write it. */
  readonly default?: string;
  readonly example: string;
  /** The nginx documentation calls it the same and it does the same, unless this says otherwise. */
  readonly differs?: string;
  readonly since: string;
}

/** The line itself, for what the typed arguments do not carry. */
export interface Line {
  readonly name: Token;
  readonly args: readonly Token[];
}

/** The inside of a block directive. */
export interface Body {
  /** Its lines as they stand: for map, geo, types, split_clients, whose lines are no directives. */
  readonly rows: readonly Node[];
  /** Checks the lines, or others in their place, as directives of `scope`. */
  open(scope: Scope, rows?: readonly Node[]): void;
}

interface Common<A extends ArgumentSpec> {
  readonly name: string;
  readonly context: readonly Context[];
  readonly args: A;
  readonly doc: DirectiveDoc<A>;
  /** May stand more than once in a block; otherwise the second is a fault. */
  readonly repeats?: boolean;
}

export interface SimpleDirective<A extends ArgumentSpec> extends Common<A> {
  compile(args: ArgumentValues<A>, scope: Scope, line: Line): void;
}

export interface BlockDirective<A extends ArgumentSpec> extends Common<A> {
  /** What its lines are: directives of a context, or rows of its own. */
  readonly block: Context | 'rows';
  compile(args: ArgumentValues<A>, scope: Scope, body: Body, line: Line): void;
}

/** A definition as the table holds it: the types of its arguments are shut in. */
export interface Directive extends Omit<Common<ArgumentSpec>, 'doc'> {
  readonly doc: DirectiveDoc<ArgumentSpec>;
  readonly block: Context | 'rows' | undefined;
  /**
   * Reads the words of a line and writes what they say into the drafts of `scope`.
   *
   * @param body the inside, for a block directive
   * @throws {ArgumentFault} when the words are fine each, and together are not; faults of single words are told
   */
  apply(node: Node, scope: Scope, body: Body): void;
}

export function defineDirective<A extends ArgumentSpec>(definition: SimpleDirective<A>): Directive {
  const form = new Form(definition.name, definition.args);
  return {
    ...definition,
    block: undefined,
    apply(node, scope) {
      const args = form.read(node, scope);
      if (args) definition.compile(args, scope, node);
    },
  };
}

export function defineBlock<A extends ArgumentSpec>(definition: BlockDirective<A>): Directive {
  const form = new Form(definition.name, definition.args);
  return {
    ...definition,
    apply(node, scope, body) {
      const args = form.read(node, scope);
      if (args) definition.compile(args, scope, body, node);
    },
  };
}
