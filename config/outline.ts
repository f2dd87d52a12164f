/** Where the directives of one file begin and end in its text: for programs that change a text and leave the rest of it as it is. */
import { lex, type Token } from './lex.ts';

export interface Statement {
  readonly name: string;
  /** Values of its words, after quotes and escapes. */
  readonly args: readonly string[];
  /** Counts from 1. */
  readonly line: number;
  /** Offset of its name. */
  readonly from: number;
  /** Offset behind its `;`, or behind the brace that closes its block. */
  readonly to: number;
  /** Blocks around it, the outermost first. */
  readonly around: readonly string[];
  readonly hasBlock: boolean;
}

/** @param text latin1 @returns in the order of their names; undefined when the text is not made of directives and blocks */
export function statementsOf(text: string): readonly Statement[] | undefined {
  const outline = new Outline(text);
  let isSound = true;
  const complete = lex(text, '', { token: token => outline.token(token), fault: () => (isSound = false) });
  return complete && isSound && outline.isClosed ? outline.statements() : undefined;
}

type Draft = { -readonly [K in keyof Statement]: Statement[K] };

class Outline {
  readonly #starts: readonly number[];
  readonly #found: Draft[] = [];
  readonly #open: Draft[] = [];
  #words: Token[] = [];
  #isBroken = false;

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  get isClosed(): boolean {
    return !this.#isBroken && this.#open.length === 0 && this.#words.length === 0;
  }

  statements(): readonly Statement[] {
    return this.#found;
  }

  #offset({ line, column }: Token): number {
    return this.#starts[line - 1]! + column - 1;
  }

  token(token: Token): void {
    if (token.kind === 'comment') return;
    if (token.kind === 'word') this.#words.push(token);
    else if (token.kind === '}') this.#close(token);
    else this.#finish(token);
  }

  #finish(sign: Token): void {
    const [name, ...args] = this.#words;
    this.#words = [];
    if (!name) return void (this.#isBroken = true);
    const statement: Draft = {
      name: name.text,
      args: args.map(({ text }) => text),
      line: name.line,
      from: this.#offset(name),
      to: this.#offset(sign) + 1,
      around: this.#open.map(block => block.name),
      hasBlock: sign.kind === '{',
    };
    this.#found.push(statement);
    if (sign.kind === '{') this.#open.push(statement);
  }

  #close(sign: Token): void {
    const block = this.#open.pop();
    if (block && this.#words.length === 0) block.to = this.#offset(sign) + 1;
    else this.#isBroken = true;
  }
}
