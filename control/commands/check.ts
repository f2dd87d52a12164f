/** `moat check`: every fault of a configuration, with the line it stands on. */
import { resolve } from 'node:path';
import { renderDiagnostics } from '#config';
import { load } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';

/** What a script can tell from a program that could not be started at all. */
const FAULTY = 3;

/** @returns 3 when there is an error, 0 when there is none; warnings are told all the same */
export function run(args: readonly string[]): number {
  const { values, positionals } = readOptions(args, CONFIG_OPTIONS, 1);
  const word = positionals[0];
  const invocation = invocationFrom(values, word === undefined ? word : resolve(word)); // `-c` starts at the prefix, a word here
  const { model, diagnostics, texts } = load(invocation);
  const known = new Map([...texts, ['command line', invocation.globals ?? '']]);
  const colour = process.stderr.isTTY && process.stderr.hasColors();
  process.stderr.write(renderDiagnostics(diagnostics, { texts: known, colour }));
  if (!model) return FAULTY;
  process.stdout.write(`${invocation.file}: no errors\n`, 'latin1');
  return 0;
}
