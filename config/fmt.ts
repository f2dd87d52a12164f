/** One layout for every configuration: what it says, its comments and its quotes stay as they are written. */
import { type Diagnostic, Faults } from './diagnostic.ts';
import { lex, type Token } from './lex.ts';
import { Parser } from './parse.ts';

export interface Formatted {
  /** Undefined when the text has no shape: the diagnostics say why. */
  readonly text: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** A token with its bytes as written, quotes and escapes included. */
interface Piece {
  readonly kind: Token['kind'];
  readonly raw: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

const INDENT = '    ';

/**
 * Lays a configuration out anew: a directive a line, blocks indented by four spaces, one blank line at most where there
 * were any, line breaks inside a directive kept and indented. Doing it twice changes nothing more.
 *
 * @param text latin1, one char a byte; included files are not looked at
 * @param file its name, for diagnostics
 * @returns the same tokens and comments in the same order, lines ended by LF
 */
export function formatConfig(text: string, file: string): Formatted {
  const diagnostics = shapeFaults(text, file);
  return { text: diagnostics.length > 0 ? undefined : layOut(piecesOf(text, file)), diagnostics };
}

/** Reads the file alone: `include` finds nothing, and is not missed. */
function shapeFaults(text: string, file: string): readonly Diagnostic[] {
  const faults = new Faults();
  const source = { read: (path: string) => (path === file ? text : ''), glob: () => [] };
  new Parser(source, '/', faults).file(file);
  return faults.list.filter(({ code }) => code === 'syntax');
}

function piecesOf(text: string, file: string): Piece[] {
  const pieces: Piece[] = [];
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  lex(text, file, {
    token({ kind, line, column, length }) {
      const from = lineStarts[line - 1]! + column - 1;
      const raw = text.slice(from, from + length);
      const breaks = raw.split('\n').length - 1;
      pieces.push({
        kind,
        raw: kind === 'comment' ? raw.trimEnd() : raw,
        firstLine: line,
        lastLine: line + breaks,
      });
    },
    fault() {}, // shapeFaults() has heard them all
  });
  return pieces;
}

function layOut(pieces: readonly Piece[]): string {
  let out = '';
  let depth = 0;
  let inDirective = false;
  let previous: Piece | undefined;
  for (const piece of pieces) {
    if (piece.kind === '}') depth--;
    if (previous) out += separator(previous, piece, depth, inDirective);
    out += piece.raw;
    if (piece.kind === '{') depth++;
    if (piece.kind !== 'comment') inDirective = piece.kind === 'word';
    previous = piece;
  }
  return out && `${out}\n`;
}

/** What stands between two pieces. @param depth of the block that `piece` stands in */
function separator(previous: Piece, piece: Piece, depth: number, inDirective: boolean): string {
  const breaks = piece.firstLine - previous.lastLine;
  const afterComment = previous.kind === 'comment';
  const newLine = `\n${INDENT.repeat(depth)}`;
  const continued = newLine + INDENT;
  const fresh = breaks > 1 && previous.kind !== '{' ? `\n${newLine}` : newLine;
  switch (piece.kind) {
    case 'comment':
      if (breaks === 0) return ' ';
      return inDirective ? continued : fresh;
    case 'word':
      if (!inDirective) return fresh;
      return breaks > 0 ? continued : ' ';
    case ';':
      return afterComment ? continued : '';
    case '{':
      return afterComment ? newLine : ' ';
    case '}':
      return newLine;
  }
}
