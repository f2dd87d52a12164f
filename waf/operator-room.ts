/** Where operators are compiled: what they may ask for, and how they are found by name. */
import { suggest } from '#kit/suggest.ts';
import { type Place, RuleFault } from './diagnostic.ts';
import type { MacroBook } from './macro.ts';
import { type CompiledPattern, type Matcher, OperatorFault } from './operator/operator.ts';
import { OPERATORS } from './operator/table.ts';
import { pathFrom, type RuleLoader } from './seclang/loader.ts';
import type { OperatorText } from './seclang/operator-text.ts';

export interface OperatorRoom {
  readonly loader: RuleLoader;
  readonly macros: MacroBook;
  readonly httpBlKey: string | undefined;
  /** @throws {OperatorFault} */
  compilePattern(source: string): CompiledPattern;
}

/** @throws {RuleFault} for an unknown operator @throws {OperatorFault} for its argument */
export function compileOperator({ name, argument }: OperatorText, place: Place, room: OperatorRoom): Matcher {
  const operator = OPERATORS.get(name.toLowerCase());
  if (!operator) {
    const near = suggest(name.toLowerCase(), OPERATORS.keys());
    throw new RuleFault(
      'operator',
      `there is no operator @${name}`,
      near && `did you mean @${OPERATORS.get(near)!.name}?`,
    );
  }
  return operator.compile(argument, {
    compilePattern: room.compilePattern,
    httpBlKey: room.httpBlKey,
    template: text => room.macros.template(text),
    dataFile(file) {
      const path = pathFrom(place.file, file);
      const text = room.loader.read(path);
      if (text === undefined) throw new OperatorFault(`${path} cannot be read`, 'check the name of the file');
      return text;
    },
  });
}
