/** Diagnostics as text: place and message, the line with a caret under the fault, what to do. */
import type { Diagnostic } from './diagnostic.ts';

export interface RenderOptions {
  /** The files that were read, path → latin1 text; of others no line is shown. */
  readonly texts: ReadonlyMap<string, string>;
  /** Whether the text goes to a terminal that knows colours. */
  readonly colour?: boolean;
}

const RED = '\x1b[1;31m';
const YELLOW = '\x1b[1;33m';
const BOLD = '\x1b[1m';
const FAINT = '\x1b[2m';
const PLAIN = '\x1b[0m';

/** Longer lines are shown in part, so that the caret stays beside what it points at. */
const LINE_WIDTH = 120;
const WIDTH_BEFORE = 50;

/**
 * Writes each diagnostic as `file:line:column: error[code]: message`, the line of the file with a caret, and the hint.
 *
 * @returns a text for the terminal (not bytes): what is UTF-8 in the files is decoded, else each byte is a character;
 *   control characters are made visible. It ends with a summary line, and is empty when there is nothing to tell.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  if (diagnostics.length === 0) return '';
  const lines = new Lines(options.texts);
  const paint = options.colour
    ? (style: string, text: string) => `${style}${text}${PLAIN}`
    : (_: string, text: string) => text;
  const parts = diagnostics.map(diagnostic => render(diagnostic, lines, paint));
  return `${parts.join('\n')}\n${summarize(diagnostics)}\n`;
}

/** `2 errors, 1 warning`; empty when there is neither. */
export function summarize(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return [count(errors, 'error'), count(diagnostics.length - errors, 'warning')].filter(Boolean).join(', ');
}

const count = (number: number, noun: string) =>
  number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`;

type Paint = (style: string, text: string) => string;

function render(diagnostic: Diagnostic, lines: Lines, paint: Paint): string {
  const { file, line, column, severity, code, message, hint } = diagnostic;
  const style = severity === 'error' ? RED : YELLOW;
  const place = paint(BOLD, `${visible(decode(file))}:${line}:${column}:`);
  const head = `${place} ${paint(style, `${severity}[${code}]`)}: ${visible(decode(message))}\n`;
  const source = lines.get(file, line);
  const advice = hint === undefined ? '' : `${paint(BOLD, 'hint:')} ${visible(decode(hint))}\n`;
  return `${head}${source === undefined ? '' : excerpt(diagnostic, source, style, paint)}${advice}`;
}

function excerpt({ line, column, length }: Diagnostic, source: string, style: string, paint: Paint): string {
  const { text, before, marked } = windowOf(source, column - 1, length);
  const number = String(line);
  const gutter = (label: string) => paint(FAINT, `${label.padStart(number.length + 1)} | `);
  const underline = `^${'~'.repeat(Math.max(widthOf(marked) - 1, 0))}`;
  return `${gutter(number)}${text}\n${gutter('')}${blankLike(before)}${paint(style, underline)}\n`;
}

/** The part of a line around the fault: what stands before it, and what of it is on this line. */
function windowOf(source: string, from: number, length: number) {
  const isText = isUtf8(source);
  const read = (part: string) => showTabs(isText ? Buffer.from(part, 'latin1').toString() : part);
  const whole = { before: read(source.slice(0, from)), marked: read(source.slice(from, from + length)) };
  const after = read(source.slice(from + length));
  if (source.length <= LINE_WIDTH) return { ...whole, text: whole.before + whole.marked + after };
  const start = Array.from(whole.before);
  const before = start.length > WIDTH_BEFORE ? `…${start.slice(-WIDTH_BEFORE).join('')}` : whole.before;
  const marked = clip(whole.marked, LINE_WIDTH - WIDTH_BEFORE);
  return { before, marked, text: clip(before + marked + after, LINE_WIDTH) };
}

function clip(text: string, width: number): string {
  const signs = Array.from(text);
  return signs.length > width ? `${signs.slice(0, width).join('')}…` : text;
}

/** Tabs stay, so that the caret line can repeat them; other control characters are one visible sign each. */
const showTabs = (text: string) => text.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, '\ufffd');

/** Takes as much room as the text does, in the same way. */
const blankLike = (text: string) =>
  text
    .split('\t')
    .map(part => ' '.repeat(widthOf(part)))
    .join('\t');

const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u;

/** Columns of a terminal. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' }); // not before it is needed: 12 ms of every start
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

const isUtf8 = (bytes: string) => {
  const text = Buffer.from(bytes, 'latin1').toString();
  return !text.includes('\ufffd') || bytes.includes('\xef\xbf\xbd');
};

/** Bytes as text: UTF-8 when they are that, else latin1. */
const decode = (bytes: string) => (isUtf8(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes);

const visible = (text: string) =>
  text.replace(/[\x00-\x1f\x7f]/g, char => {
    const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[char];
    return known ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });

/** The files' lines; a file is split when the first of them is asked for. */
class Lines {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #split = new Map<string, readonly string[]>();

  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
  }

  get(file: string, line: number): string | undefined {
    const known = this.#split.get(file) ?? this.#texts.get(file)?.split(/\r?\n/);
    if (known) this.#split.set(file, known);
    return known?.[line - 1];
  }
}
