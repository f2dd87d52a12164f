/** The manual of the language, made from the tables: what `moat directives` prints. */
import { suggest } from '#kit/suggest.ts';
import type { Argument } from './argument.ts';
import { DIRECTIVES } from './directives/table.ts';
import { NGINX_ONLY } from './nginx-only/nginx-only.ts';
import { CONTEXTS, type Context, contextName, type Directive } from './registry.ts';

/** One entry of the manual: a directive, with all blocks in which it means the same. */
export interface Entry {
  readonly name: string;
  readonly syntax: string;
  readonly default: string | undefined;
  readonly context: readonly Context[];
  readonly summary: string;
  /** What stands for each argument in `syntax`, and what it does. */
  readonly args: readonly (readonly [name: string, text: string])[];
  readonly example: string;
  readonly differs: string | undefined;
}

/** All entries, by name. A name that means different things in different blocks has several. */
export function entries(): Entry[] {
  return [...DIRECTIVES.values()].flatMap(entriesOf).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const entriesOf = (definitions: readonly Directive[]): Entry[] => joinAlike(definitions.map(entryOf));

/** Entries that differ in their blocks alone are one. */
export function joinAlike<E extends { readonly context: readonly Context[] }>(entries: readonly E[]): E[] {
  const alike = Map.groupBy(entries, ({ context: _, ...rest }) => JSON.stringify(rest));
  return [...alike.values()].map(group => {
    const contexts = new Set(group.flatMap(entry => entry.context));
    return { ...group[0]!, context: CONTEXTS.filter(context => contexts.has(context)) };
  });
}

export function entryOf({ name, args, block, context, doc }: Directive): Entry {
  const words = Object.entries(args).map(([key, argument]) => syntaxOf(key, argument));
  const end = block ? ' { ... }' : ';';
  return {
    name,
    syntax: [name, ...words].join(' ') + end,
    default: doc.default,
    context,
    summary: doc.summary,
    args: Object.entries(args).flatMap(([key, argument]) => explain(key, argument, doc.args?.[key])),
    example: doc.example,
    differs: doc.differs,
  };
}

/** The words that an argument is one of; none where they cannot be told. */
export function choicesOf({ says }: Argument<unknown>): readonly string[] {
  if (says === 'on or off') return ['on', 'off'];
  return says.includes(' | ') ? says.split(' | ') : [];
}

/** What an argument takes, when that can stand in the syntax itself. */
const choiceOf = (argument: Argument<unknown>): string | undefined =>
  choicesOf(argument).join(' | ') || undefined;

function syntaxOf(key: string, argument: Argument<unknown>): string {
  const value = choiceOf(argument) ?? key;
  const spread = argument.least > 0 ? `${value} ...` : `[${value} ...]`;
  const forms = {
    one: value,
    optional: `[${value}]`,
    rest: spread,
    param: `[${key}=${value}]`,
    word: `[${key}]`,
  };
  return forms[argument.standing];
}

function explain(key: string, argument: Argument<unknown>, text: string | undefined): [string, string][] {
  const takes = argument.standing === 'word' || choiceOf(argument) ? undefined : argument.says;
  const said = [takes, text].filter(part => part !== undefined).join('; ');
  return said ? [[key, said]] : [];
}

/**
 * What `moat directives [NAME]` prints.
 *
 * @returns a line for each directive, or all about the one named; undefined when there is none of that name
 */
export function describeDirectives(name?: string): string | undefined {
  if (name === undefined) return listOf(entries());
  const found = entries().filter(entry => entry.name === name);
  if (found.length > 0) return found.map(describe).join('\n');
  const nginx = NGINX_ONLY.get(name);
  if (!nginx) return undefined;
  const idle = nginx.beside === undefined ? '' : `Alone, without ${nginx.beside}, it is passed over.\n`;
  return `${name} is a directive of nginx that moat does not implement: ${nginx.hint}\n${idle}`;
}

/** The name that was meant, for a program that was asked for one that does not exist. */
export const nearestDirective = (name: string) => suggest(name, DIRECTIVES.keys());

function listOf(all: readonly Entry[]): string {
  const names = new Set(all.map(entry => entry.name));
  const width = Math.max(...[...names].map(name => name.length));
  return all.map(({ name, summary }) => `${name.padEnd(width)}  ${firstSentence(summary)}\n`).join('');
}

const firstSentence = (text: string) => /^.*?[.;:](?= |$)/.exec(text)?.[0].replace(/[;:]$/, '.') ?? text;

function describe(entry: Entry): string {
  const rows: [string, string][] = [
    ['Syntax', entry.syntax],
    ['Default', entry.default ?? '-'],
    ['Context', entry.context.map(contextName).join(', ')],
  ];
  const head = rows.map(([label, text]) => `${`${label}:`.padEnd(9)}${text}\n`).join('');
  const args = entry.args.map(([name, text]) => wrap(`${name}: ${text}`, '  ')).join('');
  const differs = entry.differs ? `\n${wrap(`Unlike nginx: ${entry.differs}`, '')}` : '';
  return `${head}\n${wrap(entry.summary, '')}${args && `\n${args}`}${differs}\nExample:\n  ${entry.example}\n`;
}

/** Breaks a text into lines of at most 78 characters. */
function wrap(text: string, indent: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line && indent.length + line.length + word.length + 1 > 78) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines.map(line => `${indent}${line}\n`).join('');
}
