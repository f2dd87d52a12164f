/** The text of a pattern, read from left to right. */
import { PatternFault } from './syntax.ts';

export class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character, '' at the end. */
  get next(): string {
    return this.text.charAt(this.at);
  }

  looksAt(word: string): boolean {
    return this.text.startsWith(word, this.at);
  }

  /** Takes a character. @throws {PatternFault} at the end */
  take(): string {
    if (this.done) throw new PatternFault('the pattern ends too early');
    return this.text[this.at++]!;
  }

  /** Takes `word` if it stands here. */
  skip(word: string): boolean {
    const found = this.looksAt(word);
    if (found) this.at += word.length;
    return found;
  }

  /** Takes what a sticky expression matches here. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text) ?? undefined;
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  /** Takes all up to `end`, and `end` itself. @throws {PatternFault} when it does not come */
  until(end: string, what: string): string {
    const to = this.text.indexOf(end, this.at);
    if (to === -1) throw new PatternFault(`${what} is not closed`);
    const text = this.text.slice(this.at, to);
    this.at = to + end.length;
    return text;
  }
}
