/** The language as an editor wants it, made from the tables: what may stand where, what its words are, and what each does. */
import { VARIABLE_FAMILIES, VARIABLES } from '#model/l7/variables.ts';
import type { Standing } from './argument.ts';
import { DIRECTIVES } from './directives/table.ts';
import { choicesOf, type Entry, entryOf, joinAlike } from './manual.ts';
import { type Context, contextName, type Directive } from './registry.ts';

export interface VocabularyWord {
  /** Of `param` and `word`: as it is written; of the others a name for people. */
  readonly name: string;
  readonly standing: Standing;
  /** What it takes: `a size`. */
  readonly says: string;
  /** All that it may be; empty where that is not a list. */
  readonly choices: readonly string[];
  readonly text: string | undefined;
}

export interface VocabularyEntry extends Omit<Entry, 'args'> {
  /** The block that it opens; `rows`: lines that are no directives. */
  readonly block: Context | 'rows' | undefined;
  readonly repeats: boolean;
  /** In the order of the line. */
  readonly words: readonly VocabularyWord[];
}

export interface Vocabulary {
  readonly directives: readonly VocabularyEntry[];
  /** `isFamily`: the name goes on behind it, as in `$http_NAME`. */
  readonly variables: readonly {
    readonly name: string;
    readonly text: string;
    readonly isFamily: boolean;
  }[];
  /** How one speaks of a block. */
  readonly contexts: Readonly<Record<string, string>>;
}

/** Some 400 kB as JSON; the same at every call. */
export function vocabulary(): Vocabulary {
  const directives = [...DIRECTIVES.values()].flatMap(definitions => joinAlike(definitions.map(wordsOf)));
  const contexts = directives.flatMap(({ context }) => context.map(one => [one, contextName(one)] as const));
  const rows = (table: Readonly<Record<string, string>>, isFamily: boolean) =>
    Object.entries(table).map(([name, text]) => ({ name, text, isFamily }));
  return {
    directives,
    variables: [...rows(VARIABLES, false), ...rows(VARIABLE_FAMILIES, true)],
    contexts: Object.fromEntries(contexts),
  };
}

function wordsOf(directive: Directive): VocabularyEntry {
  const { args: _, ...entry } = entryOf(directive);
  const words = Object.entries(directive.args).map(([name, argument]) => ({
    ...{ name, standing: argument.standing, says: argument.says, choices: choicesOf(argument) },
    text: directive.doc.args?.[name],
  }));
  return { ...entry, block: directive.block, repeats: directive.repeats ?? false, words };
}
