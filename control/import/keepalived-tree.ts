/** The lines of a keepalived.conf: a keyword, its words, and what stands in its braces. */

export interface Entry {
  readonly line: number;
  readonly name: string;
  readonly words: readonly string[];
  /** Undefined: it has no braces. */
  readonly block: readonly Entry[] | undefined;
}

type Draft = Omit<Entry, 'block'> & { block: Draft[] | undefined };

/** `!` and `#` begin comments; a brace may stand on a line of its own. @throws {Error} with the line of a brace too many */
export function readEntries(text: string): readonly Entry[] {
  const root: Draft[] = [];
  const open: Draft[][] = [root];
  text.split('\n').forEach((content, at) => {
    let words: string[] = [];
    const finish = () => {
      const [name, ...rest] = words;
      if (name !== undefined) open.at(-1)!.push({ line: at + 1, name, words: rest, block: undefined });
      words = [];
    };
    for (const [token, quoted] of tokensOf(content)) {
      if (quoted !== undefined) words.push(quoted);
      else if (token === '{') {
        finish();
        open.push(openBlock(open.at(-1)!, at + 1));
      } else if (token === '}') {
        finish();
        open.pop();
        if (open.length === 0) throw new Error(`line ${at + 1}: "}" closes nothing`);
      } else words.push(token);
    }
    finish();
  });
  if (open.length > 1) throw new Error('the file ends within a block: a "}" is missing');
  return root;
}

/** The block of the last keyword. */
function openBlock(entries: Draft[], line: number): Draft[] {
  const owner = entries.at(-1);
  if (!owner || owner.block) throw new Error(`line ${line}: "{" follows no keyword`);
  owner.block = [];
  return owner.block;
}

function* tokensOf(content: string): Generator<readonly [token: string, quoted: string | undefined]> {
  for (const match of content.matchAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|([{}])|[!#].*|[^\s{}"']+/g)) {
    const [token, double, single] = match;
    const quoted = double?.replace(/\\(.)/g, '$1') ?? single;
    if (quoted === undefined && /^[!#]/.test(token)) return;
    yield [token, quoted];
  }
}
