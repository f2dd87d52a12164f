/** Single items: literals, and the letters after a backslash that are no byte and no reference. */
import { ALL, complement, NEWLINE, ofRanges, single } from './byte-set.ts';
import { type Item, type Options, PatternFault, type Place } from './syntax.ts';

const place = (place: Place): Item => ({ kind: 'place', place });
const set = (ranges: string): Item => ({ kind: 'set', set: ofRanges(ranges) });

const ANY: Item = { kind: 'set', set: ALL };
const NOT_NEWLINE: Item = { kind: 'set', set: complement(NEWLINE) };
/** `\R`: a CR LF that was taken is not parted again. */
const LINE_BREAK: Item = { kind: 'atomic', branches: [[set('\r\r'), set('\n\n')], [set('\n\r\x85\x85')]] };

export function literal(byte: number, { ignoreCase }: Options): Item {
  return { kind: 'set', set: single(byte, ignoreCase) };
}

/** `.`, `^` and `$`, which the options change. */
export function signOf(sign: '.' | '^' | '$', { dotAll, multiLine, dollarEndOnly }: Options): Item {
  if (sign === '.') return dotAll ? ANY : NOT_NEWLINE;
  if (sign === '^') return place(multiLine ? 'lineStart' : 'start');
  return place(multiLine ? 'lineEnd' : dollarEndOnly ? 'end' : 'lastLineEnd');
}

/** Letters after a backslash that are no byte and no reference. */
export function escapeOf(letter: string): Item {
  switch (letter) {
    case 'A':
    case 'G': // where the search began: nginx always begins at the start
      return place('start');
    case 'b':
      return place('wordBoundary');
    case 'B':
      return place('notWordBoundary');
    case 'z':
      return place('end');
    case 'Z':
      return place('lastLineEnd');
    case 'C':
      return ANY;
    case 'N':
      return NOT_NEWLINE;
    case 'R':
      return LINE_BREAK;
    case 'K':
      throw new PatternFault('\\K is not supported');
    case 'p':
    case 'P':
    case 'X':
      throw new PatternFault(`Unicode properties \\${letter} are not supported: patterns match bytes`);
    default:
      throw new PatternFault(`unrecognized character follows \\: "${letter}"`);
  }
}

/** Names what stands at a `(?` that is none of the known ones. */
export function whyNot(rest: string): string {
  if (/^\(\?(R|[+-]?\d|&|P>)/.test(rest)) return 'recursion is not supported';
  if (rest.startsWith('(?(')) return 'conditions (?(...)...) are not supported';
  if (rest.startsWith('(?|')) return 'groups (?|...) are not supported';
  if (rest.startsWith('(?C')) return 'callouts (?C...) are not supported';
  if (rest.startsWith('(*')) return 'verbs (*...) are not supported';
  return `unrecognized character after (?: "${rest.charAt(2)}"`;
}
