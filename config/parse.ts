/** Tokens to a tree of directives; `include` is replaced by what it names. */
import type { Faults } from './diagnostic.ts';
import { LexFault, lex, type Site, type Token } from './lex.ts';

/** One directive: `name args;` or `name args { block }`. Entries of map, geo and types blocks have this shape too. */
export interface Node {
  readonly name: Token;
  readonly args: readonly Token[];
  readonly block: readonly Node[] | undefined;
}

/** What the reader needs from outside; control/ is the one that touches the disk. */
export interface Source {
  /** The file's bytes as a latin1 string. @throws {Error} with the reason when it cannot be read */
  read(path: string): string;
  /** Absolute paths of the files a pattern names, sorted; the pattern is taken relative to the configuration's folder. */
  glob(pattern: string): string[];
}

const INCLUDE_DEPTH = 32;

/** Reads a file and all it includes. Faults go to `faults`; what could be read is returned. */
export function parseFile(file: string, source: Source, faults: Faults): Node[] {
  return readFile(file, undefined, source, faults, 0);
}

/** Reads a text that stands in no file (`-g`, a test). */
export function parseText(text: string, file: string, source: Source, faults: Faults): Node[] {
  return readText(text, file, source, faults, 0);
}

function readFile(
  file: string,
  from: Site | undefined,
  source: Source,
  faults: Faults,
  depth: number,
): Node[] {
  let text: string;
  try {
    text = source.read(file);
  } catch (error) {
    const site = from ?? { file, line: 1, column: 1, length: 1 };
    faults.error('cannot-read', `cannot read ${file}: ${(error as Error).message}`, site);
    return [];
  }
  return readText(text, file, source, faults, depth);
}

function readText(text: string, file: string, source: Source, faults: Faults, depth: number): Node[] {
  let tokens: Token[];
  try {
    tokens = lex(text, file).filter(token => token.kind !== 'comment');
  } catch (error) {
    if (!(error instanceof LexFault)) throw error;
    faults.error('syntax', error.message, error.site);
    return [];
  }
  const reader = new Reader(tokens, source, faults, depth);
  return reader.block(undefined);
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #source: Source;
  readonly #faults: Faults;
  readonly #depth: number;
  #at = 0;

  constructor(tokens: readonly Token[], source: Source, faults: Faults, depth: number) {
    this.#tokens = tokens;
    this.#source = source;
    this.#faults = faults;
    this.#depth = depth;
  }

  /** Reads directives up to the `}` of the block that `open` began, or to the end of the file. */
  block(open: Token | undefined): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (!token) {
        if (open)
          this.#faults.error(
            'syntax',
            `unexpected end of file: the block "${open.text}" is not closed`,
            open,
            'add a "}"',
          );
        return nodes;
      }
      if (token.kind === '}') {
        if (open) return nodes;
        this.#faults.error('syntax', 'unexpected "}": no block is open here', token);
      } else if (token.kind === 'word') {
        this.#directive(token, nodes);
      } else {
        this.#faults.error('syntax', `unexpected "${token.text}"`, token);
      }
    }
  }

  #directive(name: Token, nodes: Node[]): void {
    const args: Token[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (!token || token.kind === '}') {
        const what = token ? 'unexpected "}"' : 'unexpected end of file';
        this.#faults.error(
          'syntax',
          `${what}: the directive "${name.text}" is not finished`,
          args.at(-1) ?? name,
          'add a ";"',
        );
        return;
      }
      this.#at++;
      if (token.kind === 'word') args.push(token);
      else if (token.kind === ';') return this.#finish(name, args, nodes);
      else {
        nodes.push({ name, args, block: this.block(name) });
        return;
      }
    }
  }

  #finish(name: Token, args: Token[], nodes: Node[]): void {
    if (name.text !== 'include' || name.quote || args.length !== 1)
      nodes.push({ name, args, block: undefined });
    else nodes.push(...this.#include(args[0]!));
  }

  #include(pattern: Token): Node[] {
    if (this.#depth >= INCLUDE_DEPTH) {
      this.#faults.error(
        'include-depth',
        `includes are nested more than ${INCLUDE_DEPTH} deep: does a file include itself?`,
        pattern,
      );
      return [];
    }
    return this.#source
      .glob(pattern.text)
      .flatMap(file => readFile(file, pattern, this.#source, this.#faults, this.#depth + 1));
  }
}
