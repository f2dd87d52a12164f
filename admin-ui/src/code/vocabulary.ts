/** What the language knows (GET /api/v1/config/language), asked by the place where something stands. */
import { type Kind, type Lexing, START } from './lex.ts';
import { walk } from './place.ts';

export interface Word {
  readonly name: string;
  readonly standing: 'one' | 'optional' | 'rest' | 'param' | 'word';
  readonly says: string;
  readonly choices: readonly string[];
  readonly text?: string | undefined;
}

export interface Entry {
  readonly name: string;
  readonly syntax: string;
  readonly default?: string | undefined;
  readonly context: readonly string[];
  readonly block?: string | undefined;
  readonly repeats: boolean;
  readonly words: readonly Word[];
  readonly summary: string;
  readonly example: string;
  readonly differs?: string | undefined;
}

export interface Variable {
  readonly name: string;
  readonly text: string;
  readonly isFamily: boolean;
}

export interface LanguageTables {
  readonly directives: readonly Entry[];
  readonly variables: readonly Variable[];
  readonly contexts: Readonly<Record<string, string>>;
}

export interface FileText {
  readonly path: string;
  readonly text: string;
}

/** Files that include each other end somewhere. */
const MOST_ROUNDS = 8;

export class Vocabulary {
  readonly tables: LanguageTables;
  readonly #byName: ReadonlyMap<string, readonly Entry[]>;

  constructor(tables: LanguageTables) {
    this.tables = tables;
    this.#byName = Map.groupBy(tables.directives, ({ name }) => name);
  }

  /** As one speaks of it. */
  contextName(context: string): string {
    return this.tables.contexts[context] ?? context;
  }

  /** What a name means in one of these contexts; undefined: nothing there. */
  find(contexts: readonly string[], name: string): Entry | undefined {
    return this.#byName.get(name)?.find(({ context }) => context.some(one => contexts.includes(one)));
  }

  allowed(contexts: readonly string[]): readonly Entry[] {
    return this.tables.directives.filter(({ context }) => context.some(one => contexts.includes(one)));
  }

  /** Of a variable, its `$` and braces left out; a family has those that begin as it does. */
  variable(name: string): Variable | undefined {
    const { variables } = this.tables;
    return (
      variables.find(one => !one.isFamily && one.name === name) ??
      variables.find(one => one.isFamily && name.startsWith(one.name))
    );
  }

  /** The contexts inside of these blocks. @param roots those of the file itself @returns none in a block that nobody knows */
  inside(roots: readonly string[], blocks: readonly string[]): readonly string[] {
    let contexts = roots;
    for (const name of blocks) {
      const known = this.#byName.get(name) ?? [];
      const opened = known.filter(({ context }) => context.some(one => contexts.includes(one)));
      contexts = [...new Set(opened.flatMap(({ block }) => block ?? []))];
    }
    return contexts;
  }

  /**
   * The contexts in which each file begins: `main` for the main one, for the others where they are included.
   *
   * @param folder in which relative names of files begin, without `/` at its end
   */
  rootsOf(main: string, files: readonly FileText[], folder: string): ReadonlyMap<string, readonly string[]> {
    const roots = new Map<string, readonly string[]>([[main, ['main']]]);
    const includes = files.map(file => ({ file, found: includesIn(file.text) }));
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const before = [...roots.values()].flat().length;
      for (const { file, found } of includes)
        for (const { pattern, blocks } of found) {
          const contexts = this.inside(roots.get(file.path) ?? [], blocks);
          for (const { path } of files)
            if (names(pattern, folder, path))
              roots.set(path, [...new Set([...(roots.get(path) ?? []), ...contexts])]);
        }
      if ([...roots.values()].flat().length === before) break;
    }
    return roots;
  }
}

function includesIn(text: string): { readonly pattern: string; readonly blocks: readonly string[] }[] {
  const found: { pattern: string; blocks: readonly string[] }[] = [];
  let before: Lexing = START;
  walk(text, text.length, (_, kind: Kind, after) => {
    const words = before.word === '' ? before.words : [...before.words, before.word];
    const [name, pattern] = words;
    if (kind === 'sign' && after.words.length === 0 && name === 'include' && pattern !== undefined)
      found.push({ pattern, blocks: before.blocks });
    before = after;
  });
  return found;
}

/** Whether a pattern of glob(3) names a file. */
function names(pattern: string, folder: string, path: string): boolean {
  const whole = pattern.startsWith('/') ? pattern : `${folder}/${pattern}`;
  const source = whole
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  try {
    return new RegExp(`^${source}$`).test(path);
  } catch {
    return false; // brackets that close nowhere
  }
}
