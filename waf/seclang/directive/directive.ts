/** What a directive of SecLang is. */
import type { Place } from '../../diagnostic.ts';
import type { Program } from '../program.ts';

/** How a directive reaches what lies outside its own line. */
export interface ReadContext {
  readonly program: Program;
  readonly place: Place;
  /** The text of a file, its name taken relative to the file that is read. @throws {RuleFault} when it is not there */
  read(name: string): string;
  /** Reads the files that a pattern names at this point. @throws {RuleFault} */
  include(pattern: string, absent: 'refuse' | 'pass over'): void;
}

export interface SecDirective {
  readonly name: string;
  readonly doc: string;
  /** How many words it takes. */
  readonly args: readonly [least: number, most: number];
  /** @throws {RuleFault} */
  apply(args: readonly string[], context: ReadContext): void;
}
