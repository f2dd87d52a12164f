/** What is wrong with a set of rules: where, what, and what to do. */

export interface WafDiagnostic {
  readonly file: string;
  /** Of the line on which the directive starts; the first is 1. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** A warning leaves the rules as strong as they were written; an error refuses the whole set. */
  readonly level: 'error' | 'warning';
}

/** Where a directive stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A fault in one directive, thrown by whoever reads it and made a diagnostic by the reader. */
export class RuleFault extends Error {
  override readonly name = 'RuleFault';
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** `file:line: code: what: what to do`, as `moat check` prints faults. */
export function formatWafDiagnostic({ file, line, code, message, hint }: WafDiagnostic): string {
  return `${file}:${line}: ${code}: ${message}${hint ? `: ${hint}` : ''}`;
}
