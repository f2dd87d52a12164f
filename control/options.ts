/** Options of moat's own commands. */
import { dirname, resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { suggest } from '#kit/suggest.ts';
import { type Invocation, invocationOf } from './invocation.ts';

/** The command line of a command is wrong. */
export class OptionFault extends Error {}

type OptionTable = NonNullable<ParseArgsConfig['options']>;

/** The options that say which configuration is meant. */
export const CONFIG_OPTIONS = {
  config: { type: 'string', short: 'c' },
  prefix: { type: 'string', short: 'p' },
  'error-log': { type: 'string', short: 'e' },
  directives: { type: 'string', short: 'g' },
} as const satisfies OptionTable;

/** What the first word of a command has to be, when it is another or there is none. */
export function noSuchWord(word: string | undefined, known: readonly string[]): OptionFault {
  if (!word) return new OptionFault(`say what: ${known.join(', ')}`);
  const near = suggest(word, known);
  return new OptionFault(
    near ? `"${word}": did you mean "${near}"?` : `"${word}" is not one of ${known.join(', ')}`,
  );
}

/** Reads options and at most `mostWords` words. @throws {OptionFault} */
export function readOptions<T extends OptionTable>(args: readonly string[], options: T, mostWords = 0) {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true });
    const extra = parsed.positionals[mostWords];
    if (extra !== undefined) throw new OptionFault(`unexpected "${extra}"`);
    return parsed;
  } catch (fault) {
    throw fault instanceof OptionFault ? fault : new OptionFault(reworded(fault as Error, options));
  }
}

/** What Node says of a command line, in our words: its advice about `--` leads past the misspelt option. */
function reworded({ message }: Error, options: OptionTable): string {
  const [line = message] = message.split('\n');
  const unknown = /^Unknown option '([^']*)'/.exec(line)?.[1];
  if (unknown === undefined) return line;
  const names = Object.keys(options).map(name => `--${name}`);
  const near = unknown.startsWith('--') ? suggest(unknown, names) : undefined;
  return `unknown option "${unknown}"${near ? `: did you mean "${near}"?` : ''}`;
}

type ConfigValues = { [K in keyof typeof CONFIG_OPTIONS]?: string | undefined };

/**
 * Unlike nginx's command line, a file without a prefix is looked for here, and its folder is the prefix.
 *
 * @param word a configuration file that is named without `-c`
 */
export function invocationFrom(values: ConfigValues, word?: string): Invocation {
  const { prefix, config, 'error-log': errorLog, directives: globals } = values;
  const file = word ?? (prefix === undefined ? config : undefined);
  if (file === undefined) return invocationOf({ prefix, file: config, errorLog, globals });
  return invocationOf({ prefix: prefix ?? dirname(resolve(file)), file: resolve(file), errorLog, globals });
}
