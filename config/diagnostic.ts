/** What is wrong with a configuration: where, what, and the way out. */
import type { DiagnosticCode } from './diagnostic-code.ts';
import type { Site } from './lex.ts';

export type Severity = 'error' | 'warning';

export interface Diagnostic extends Site {
  readonly severity: Severity;
  /** A stable kebab-case code, listed in docs/reference/diagnostics.md. */
  readonly code: DiagnosticCode;
  /** What is wrong, one sentence without a full stop. */
  readonly message: string;
  /** What to do about it, when that is known. */
  readonly hint?: string;
}

/** Of errors, and of warnings: nobody reads more, and a file that is none of ours has millions. */
const MOST_FAULTS = 1000;
/** A longer text quotes a word that is no word: its two ends tell enough. */
const MOST_TEXT = 1000;
const KEPT_START = 600;
const KEPT_END = 200;

const clipped = (text: string): string =>
  text.length > MOST_TEXT ? `${text.slice(0, KEPT_START)} ... ${text.slice(-KEPT_END)}` : text;

/** Collects faults; a check goes on after each, so that the operator sees all of them at once. */
export class Faults {
  readonly #list: Diagnostic[] = [];
  /** A file that is included many times tells its faults once. */
  readonly #told = new Set<string>();
  #errors = 0;
  #warnings = 0;

  error(code: DiagnosticCode, message: string, site: Site, hint?: string): void {
    if (this.isFull || !this.#add('error', code, message, site, hint)) return;
    this.#errors++;
    if (this.isFull)
      this.#add('error', 'too-many-faults', `there are ${MOST_FAULTS} errors, and perhaps more`, site);
  }

  warn(code: DiagnosticCode, message: string, site: Site, hint?: string): void {
    if (this.#warnings === MOST_FAULTS || !this.#add('warning', code, message, site, hint)) return;
    this.#warnings++;
    if (this.#warnings === MOST_FAULTS)
      this.#add('warning', 'too-many-faults', `there are ${MOST_FAULTS} warnings, and perhaps more`, site);
  }

  get count(): number {
    return this.#list.length;
  }

  /** Gives the diagnostics from number `from` on another hint: one cause is behind all of them. */
  explain(from: number, hint: string | undefined): void {
    if (hint === undefined) return;
    for (let at = from; at < this.#list.length; at++)
      this.#list[at] = { ...this.#list[at]!, hint: clipped(hint) };
  }

  /** No more errors are taken: to look for them is in vain. */
  get isFull(): boolean {
    return this.#errors === MOST_FAULTS;
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** In the order of the files as they were first met, and from top to bottom within each. */
  get list(): readonly Diagnostic[] {
    const files = new Map<string, number>();
    for (const { file } of this.#list) if (!files.has(file)) files.set(file, files.size);
    return this.#list.toSorted(
      (a, b) => files.get(a.file)! - files.get(b.file)! || a.line - b.line || a.column - b.column,
    );
  }

  #add(severity: Severity, code: DiagnosticCode, whole: string, site: Site, hint?: string): boolean {
    const message = clipped(whole);
    const { file, line, column, length } = site;
    const key = `${code} ${line}:${column} ${file} ${message}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    this.#list.push({
      severity,
      code,
      message,
      file,
      line,
      column,
      length,
      ...(hint && { hint: clipped(hint) }),
    });
    return true;
  }
}
