/** What is wrong with a configuration: where, what, and the way out. */
import type { Site } from './lex.ts';

export type Severity = 'error' | 'warning';

export interface Diagnostic extends Site {
  readonly severity: Severity;
  /** A stable kebab-case code, listed in docs/reference/diagnostics.md. */
  readonly code: string;
  /** What is wrong, one sentence without a full stop. */
  readonly message: string;
  /** What to do about it, when that is known. */
  readonly hint?: string;
}

/** Collects faults; a check goes on after each, so that the operator sees all of them at once. */
export class Faults {
  readonly list: Diagnostic[] = [];

  error(code: string, message: string, site: Site, hint?: string): void {
    this.#add('error', code, message, site, hint);
  }

  warn(code: string, message: string, site: Site, hint?: string): void {
    this.#add('warning', code, message, site, hint);
  }

  get hasErrors(): boolean {
    return this.list.some(fault => fault.severity === 'error');
  }

  #add(severity: Severity, code: string, message: string, site: Site, hint: string | undefined): void {
    const { file, line, column, length } = site;
    this.list.push({ severity, code, message, file, line, column, length, ...(hint && { hint }) });
  }
}
