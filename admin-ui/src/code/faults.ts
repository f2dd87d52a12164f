/** Where the server's diagnostics lie in the text that an editor holds. */

export interface Fault {
  readonly severity: 'error' | 'warning';
  /** From 1 on. */
  readonly line: number;
  /** In bytes of UTF-8, from 1 on. */
  readonly column: number;
  readonly length: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** @param lines of the text @returns places in chars; within the text, whatever the server said of another one, and never empty where a char is */
export function spanOf(lines: readonly string[], { line, column, length }: Fault): Span {
  const at = Math.min(Math.max(line, 1), lines.length) - 1;
  let start = 0;
  for (let before = 0; before < at; before++) start += lines[before]!.length + 1;
  const text = lines[at] ?? '';
  const from = charsIn(text, column - 1);
  const to = Math.max(charsIn(text, column - 1 + length), Math.min(from + 1, text.length));
  return { from: start + Math.min(from, text.length), to: start + to };
}

/** How many chars of a text so many bytes are. */
function charsIn(text: string, bytes: number): number {
  let left = bytes;
  let chars = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (left < 0) break;
    chars += char.length;
  }
  return chars;
}
