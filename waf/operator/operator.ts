/** What an operator of a rule is: an argument compiled once, which is then asked about values. */
import type { XmlElement } from '../body/xml-tree.ts';

/** A compiled regular expression over one-byte strings. */
export interface CompiledPattern {
  test(value: string): boolean;
  /** @returns the whole match, then its groups; undefined when nothing matches */
  exec(value: string): readonly (string | undefined)[] | undefined;
  /** A match holds one of these words, in lower case; undefined when nothing is known. */
  readonly literals?: readonly string[] | undefined;
  /** A value with a match has a byte of at least one kind of each of these masks (`signs.ts`). */
  readonly signs?: readonly number[] | undefined;
  /** A value with a match has at least so many bytes. */
  readonly minLength?: number;
  /** Whether the last `test` reached a limit and said yes without knowing: a rule that negates it matches, too. */
  readonly gaveUp?: boolean;
}

/** A text that may hold macros (`%{tx.limit}`). */
export interface Template {
  /** The text when it holds no macro, so that its operator can prepare everything at load. */
  readonly constant: string | undefined;
  expand(scope: MatchScope): string;
}

/** The request under inspection, as operators see it. */
export interface MatchScope {
  /** The value that a macro names (`tx.limit`, `REQUEST_HEADERS.host`), or '' when there is none. */
  lookup(macro: string): string;
  /** Looks up an address and fills the collection GEO; false when nothing is known about it. */
  locate(address: string): boolean;
  /** The XML body; undefined where there is none, or it could not be read. */
  document(): XmlElement | undefined;
  /** What a DNS block list answered for a name (`2.0.0.127.zone`), as far as is known now; undefined where it lists nothing. */
  listed(name: string): string | undefined;
}

/** What an operator may ask for while its argument is compiled. */
export interface OperatorContext {
  /**
   * The text of a data file (`@pmFromFile`), whose name is taken relative to the file of the rule.
   * @throws {OperatorFault} when it is not there
   */
  dataFile(name: string): string;
  /** @throws {OperatorFault} when the pattern is malformed */
  compilePattern(source: string): CompiledPattern;
  template(text: string): Template;
  /** Of SecHttpBlKey. */
  readonly httpBlKey: string | undefined;
}

/** A compiled operator. It keeps nothing of the values that it has seen. One that says anything but `list` goes by the value alone. */
export interface Matcher {
  match(value: string, scope: MatchScope): boolean;
  /**
   * What `capture` stores as TX.0 to TX.9: the matched part, then groups. Asked right after `match` said yes to the
   * same value, and absent where an operator has nothing to tell: then the whole value counts as matched.
   */
  captures?(value: string, scope: MatchScope): readonly (string | undefined)[] | undefined;
  /** Present on `@rx` without macros: lets the engine's prefilter decide whether `match` need be asked at all. */
  readonly pattern?: CompiledPattern;
  /** Present where every match holds one of these words (ASCII case ignored): for the prefilter, too. */
  readonly words?: readonly string[];
  /** Present where a value that matches has a byte of at least one kind of each of these masks (`signs.ts`). */
  readonly signs?: readonly number[];
  /** Present where a look at the value costs more than to remember what came of it. */
  readonly isCostly?: true;
  /** The names that it asks a DNS block list for, with `*` in the place of the address. */
  readonly list?: string;
}

/** A row of the table of operators. */
export interface Operator {
  /** As rules spell it after the `@`; the engine compares names without regard to case. */
  readonly name: string;
  readonly doc: string;
  /** @throws {OperatorFault} when the argument is wrong: an operator is never weaker than it was written */
  compile(argument: string, context: OperatorContext): Matcher;
}

/** An argument that an operator cannot take. The reader of rules adds file and line. */
export class OperatorFault extends Error {
  override readonly name = 'OperatorFault';
  /** What the author of the rule can do. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
