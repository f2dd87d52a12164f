/** Texts with macros: `%{tx.limit}`, `%{REQUEST_HEADERS.host}`. */
import { RuleFault } from './diagnostic.ts';
import type { Template } from './operator/operator.ts';
import { unknownVariable } from './seclang/targets.ts';
import type { Transaction } from './transaction.ts';
import { findVariable } from './variable/table.ts';

const MACRO = /%\{([^{}]*)\}/g;

/** The macros in a text, in lower case, with `.` before the name. */
export const macrosIn = (text: string): string[] =>
  [...text.matchAll(MACRO)].map(match => match[1]!.toLowerCase().replace(':', '.'));

/** Gives the text of a macro; '' when there is nothing of that name. */
export type MacroReader = (transaction: Transaction) => string;

/** The macros of a rule set, each read once. */
export class MacroBook {
  readonly #readers = new Map<string, MacroReader>();
  readonly #compilePattern: (source: string) => { test(key: string): boolean };

  constructor(compilePattern: (source: string) => { test(key: string): boolean }) {
    this.#compilePattern = compilePattern;
  }

  /** The macros that have been read, as they were written. */
  names(): Iterable<string> {
    return this.#readers.keys();
  }

  /** @param macro as it stood in a template of this set */
  lookup(macro: string, transaction: Transaction): string {
    return this.#readers.get(macro)?.(transaction) ?? '';
  }

  /** @throws {RuleFault} when a macro names no variable */
  template(text: string): Template {
    const parts: { readonly literal: string; readonly macro: string | undefined }[] = [];
    let from = 0;
    for (const match of text.matchAll(MACRO)) {
      this.#learn(match[1]!);
      parts.push({ literal: text.slice(from, match.index), macro: match[1]! });
      from = match.index + match[0].length;
    }
    if (parts.length === 0) return { constant: text, expand: () => text };
    const rest = text.slice(from);
    return {
      constant: undefined,
      expand(scope) {
        let out = '';
        for (const { literal, macro } of parts) out += literal + scope.lookup(macro!);
        return out + rest;
      },
    };
  }

  #learn(macro: string): void {
    if (this.#readers.has(macro)) return;
    const colon = macro.search(/[.:]/);
    const name = colon < 0 ? macro : macro.slice(0, colon);
    const variable = findVariable(name);
    if (!variable) throw unknownVariable(name);
    if (variable.kind === 'tree')
      throw new RuleFault('macro', `%{${macro}} cannot name a part of ${variable.name}`);
    if (variable.kind === 'one') {
      this.#readers.set(macro, transaction => variable.read(transaction) ?? '');
      return;
    }
    // Of a whole collection, and of what a pattern chooses, the first value: so ModSecurity 3 has it.
    if (colon < 0) {
      this.#readers.set(macro, transaction => variable.list(transaction)[0]?.value ?? '');
      return;
    }
    const key = macro.slice(colon + 1).toLowerCase();
    if (key.length > 2 && key.startsWith('/') && key.endsWith('/')) {
      const pattern = this.#compilePattern(`(?i:${macro.slice(colon + 2, -1)})`);
      this.#readers.set(
        macro,
        transaction => variable.list(transaction).find(one => pattern.test(one.key))?.value ?? '',
      );
      return;
    }
    this.#readers.set(macro, transaction => {
      if (variable.get) return variable.get(transaction, key) ?? '';
      return variable.list(transaction).find(({ lower }) => lower === key)?.value ?? '';
    });
  }
}
