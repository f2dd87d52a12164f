/** Tokens to a tree of directives; `include` is replaced by what it names. */
import type { Faults } from './diagnostic.ts';
import { type Listener, lex, type Site, type Token } from './lex.ts';

/** One directive: `name args;` or `name args { block }`. Entries of map, geo and types blocks have this shape too. */
export interface Node {
  readonly name: Token;
  readonly args: readonly Token[];
  readonly block: readonly Node[] | undefined;
}

/** What the reader needs from outside; control/ is the one that touches the disk. */
export interface Source {
  /** The file's bytes as a latin1 string. @throws {Error} with the reason when it cannot be read */
  read(path: string, use?: 'configuration'): string;
  /** Absolute paths of the files that an absolute pattern names (glob(3)), sorted by bytes; none is no fault. */
  glob(pattern: string): string[];
  /** Addresses of a host, none when it has none or nobody tells; absent where nobody can be asked. */
  addresses?(host: string): readonly string[];
  /** Whether anybody on this host may read a file; absent where nobody can tell. */
  isPublic?(path: string): boolean;
}

/** The file name of diagnostics about `-g`, as nginx writes it. */
export const COMMAND_LINE = 'command line';

/** No configuration nests deeper, and a tree of this depth can be walked by recursion. */
const BLOCK_DEPTH = 100;

/** Reads files into trees. A file that is included many times is read once, and its tree is shared. */
export class Parser {
  readonly #source: Source;
  readonly #confDir: string;
  readonly #faults: Faults;
  readonly #trees = new Map<string, readonly Node[]>();
  /** The files being read, from the outermost in: one that includes any of them would never end. */
  readonly #open: string[] = [];

  #complete = true;

  /** @param confDir where relative paths of includes start; ends with `/` */
  constructor(source: Source, confDir: string, faults: Faults) {
    this.#source = source;
    this.#confDir = confDir;
    this.#faults = faults;
  }

  /** Whether all was read; if not, what seems to be undefined may stand in the part that was not. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Reads a file and all it includes. Faults go to `faults`; what could be read is returned. */
  file(path: string): readonly Node[] {
    return this.#file(path, { file: path, line: 1, column: 1, length: 1 });
  }

  /** Reads the directives of `-g`: they stand in no file, and blocks are not allowed among them. */
  commandLine(text: string): readonly Node[] {
    const nodes = this.#text(text, COMMAND_LINE);
    for (const { block, name } of nodes)
      if (block) this.#faults.error('syntax', 'block directives are not supported in -g', name);
    return nodes.filter(node => !node.block);
  }

  /** @param from the `include`, for the fault when the file cannot be read */
  #file(path: string, from: Site): readonly Node[] {
    const known = this.#trees.get(path);
    if (known) return known;
    let text: string;
    try {
      text = this.#source.read(path, 'configuration');
    } catch (error) {
      this.#faults.error('cannot-read', `cannot read ${path}: ${(error as Error).message}`, from);
      this.#complete = false;
      return [];
    }
    this.#open.push(path);
    const nodes = this.#text(text, path);
    this.#open.pop();
    this.#trees.set(path, nodes);
    return nodes;
  }

  #text(text: string, file: string): readonly Node[] {
    const tree = new Tree(this.#faults, argument => this.#include(argument));
    const complete = lex(text, file, tree);
    if (!complete) this.#complete = false;
    return tree.end(complete);
  }

  #include(argument: Token): readonly Node[] {
    const path = argument.text.startsWith('/') ? argument.text : this.#confDir + argument.text;
    if (!/[*?[]/.test(path)) return this.#included(path, argument);
    return this.#source.glob(path).flatMap(file => this.#included(file, argument));
  }

  #included(path: string, argument: Token): readonly Node[] {
    if (!this.#open.includes(path)) return this.#file(path, argument);
    this.#faults.error('include-loop', `${path} includes itself`, argument, 'take this line out');
    return [];
  }
}

/** A block that is open while its lines are read. */
interface Frame {
  readonly name: Token;
  readonly args: readonly Token[];
  /** Its lines are the nodes on the pile from this number on. */
  readonly from: number;
  /** Read for the balance of the braces only. */
  readonly lost: boolean;
}

/** Grows the tree token by token, as the main loop of ngx_conf_parse() does. */
class Tree implements Listener {
  readonly #faults: Faults;
  readonly #include: (argument: Token) => readonly Node[];
  readonly #frames: Frame[] = [];
  readonly #nodes = new Pile<Node>();
  /** The directive that is being read. */
  #name: Token | undefined;
  readonly #args = new Pile<Token>();
  #previous: Token | undefined;

  constructor(faults: Faults, include: (argument: Token) => readonly Node[]) {
    this.#faults = faults;
    this.#include = include;
  }

  fault(message: string, site: Site, hint?: string): void {
    this.#faults.error('syntax', message, site, hint);
  }

  token(token: Token): void {
    switch (token.kind) {
      case 'comment':
        return;
      case 'word':
        if (this.#name) this.#args.push(token);
        else this.#name = token;
        break;
      case ';':
        if (this.#name) this.#add(this.#name);
        else this.#refuseSemicolon(token);
        break;
      case '{':
        this.#openBlock(token);
        break;
      case '}':
        this.#closeBlock(token);
        break;
    }
    this.#previous = token;
  }

  /** @param complete false after an unclosed quote, when the end of the file says nothing */
  end(complete: boolean): readonly Node[] {
    const innermost = this.#frames.at(-1);
    if (complete && innermost)
      this.fault(
        `unexpected end of file: the block "${innermost.name.text}" is not closed`,
        innermost.name,
        'add a "}"',
      );
    if (complete && this.#name) this.#endUnfinished(this.#name, 'unexpected end of file');
    for (let frame = this.#frames.pop(); frame; frame = this.#frames.pop()) this.#close(frame);
    return this.#nodes.takeFrom(0);
  }

  #refuseSemicolon(sign: Token): void {
    const hint = this.#previous?.kind === '}' ? 'a block ends without it' : undefined;
    this.fault('unexpected ";"', sign, hint);
  }

  #openBlock(sign: Token): void {
    const name = this.#name;
    if (!name) this.fault('unexpected "{"', sign, 'the name of a directive goes before it');
    if (this.#frames.length === BLOCK_DEPTH)
      this.#faults.error('too-deep', `blocks are nested more than ${BLOCK_DEPTH} deep`, sign);
    const lost = !name || this.#frames.length >= BLOCK_DEPTH;
    this.#frames.push({ name: name ?? sign, args: this.#args.takeFrom(0), from: this.#nodes.size, lost });
    this.#name = undefined;
  }

  #closeBlock(sign: Token): void {
    if (this.#name) this.#endUnfinished(this.#name, 'unexpected "}"');
    const frame = this.#frames.pop();
    if (frame) this.#close(frame);
    else this.fault('unexpected "}": no block is open here', sign);
  }

  #close({ name, args, from, lost }: Frame): void {
    const block = this.#nodes.takeFrom(from);
    if (!lost) this.#nodes.push({ name, args, block });
  }

  /** What was read of a directive counts, so that its other faults are told too. */
  #endUnfinished(name: Token, what: string): void {
    const last = this.#args.last ?? name;
    const hint = `add a ";" after "${last.text}"`;
    this.fault(`${what}: the directive "${name.text}" is not finished`, last, hint);
    this.#add(name);
  }

  #add(name: Token): void {
    const args = this.#args.takeFrom(0);
    this.#name = undefined;
    if (name.text === 'include') this.#addIncluded(name, args);
    else this.#nodes.push({ name, args, block: undefined });
  }

  #addIncluded(name: Token, args: readonly Token[]): void {
    const [file, extra] = args;
    if (!file || extra)
      this.#faults.error(
        extra ? 'too-many' : 'too-few',
        'include: takes one file or one pattern',
        extra ?? name,
      );
    else for (const node of this.#include(file)) this.#nodes.push(node);
  }
}

const NOTHING: readonly never[] = [];

/**
 * Items that come one by one, and are taken off the top as lists of their exact size.
 *
 * A list that grows by push() keeps room for 16 more, and most of a million blocks and directives have one or two.
 */
class Pile<T> {
  readonly #items: T[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get last(): T | undefined {
    return this.#items[this.#size - 1];
  }

  push(item: T): void {
    this.#items[this.#size++] = item;
  }

  /** Takes all items from number `from` on. */
  takeFrom(from: number): readonly T[] {
    const taken = from === this.#size ? NOTHING : this.#items.slice(from, this.#size);
    this.#size = from;
    return taken;
  }
}
