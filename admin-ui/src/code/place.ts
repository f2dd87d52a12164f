/** Where somebody stands in a text of the language. */
import { endLine, type Kind, type Lexing, next, START } from './lex.ts';

export interface Place extends Lexing {
  /** Where the word begins in which one stands, behind its quote; the place itself when there is none. */
  readonly from: number;
  /** What there is of it before the place. */
  readonly typed: string;
  readonly isComment: boolean;
}

const isOpen = ({ word, quote }: Lexing): boolean => word !== '' || quote !== '';

/** @param at from 0 to the length of the text */
export function placeAt(text: string, at: number): Place {
  let state = START;
  let from = at;
  let isComment = false;
  walk(text, at, (start, kind, after) => {
    if (isOpen(after) && !isOpen(state)) from = start + (after.quote === '' ? 0 : 1);
    isComment = kind === 'comment';
    state = after;
  });
  if (!isOpen(state)) from = at;
  return { ...state, from, typed: text.slice(from, at), isComment };
}

/** Hears of each piece from where on it stands, what it is, and what stands open behind it; the end of a line is a blank. */
export type Hear = (from: number, kind: Kind, after: Lexing) => void;

/** All pieces up to a place; the last one may be cut there. */
export function walk(text: string, upTo: number, hear: Hear): void {
  let state = START;
  for (let start = 0; ; ) {
    const newline = text.indexOf('\n', start);
    const isLast = newline === -1 || newline >= upTo;
    const line = text.slice(start, isLast ? upTo : newline);
    for (let at = 0; at < line.length; ) {
      const piece = next(line, at, state);
      state = piece.state;
      hear(start + at, piece.kind, state);
      at = piece.to;
    }
    if (isLast) return;
    state = endLine(state);
    hear(newline, 'blank', state);
    start = newline + 1;
  }
}
