/** `moat check`: every fault of a configuration, with the line it stands on. */
import { renderDiagnostics } from '#config';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';
import { loadWithRules } from '../waf/load-rules.ts';

/** What a script can tell from a program that could not be started at all. */
const FAULTY = 3;

/** @returns 3 when there is an error, 0 when there is none; warnings are told all the same */
export function run(args: readonly string[]): number {
  const { values, positionals } = readOptions(args, { ...CONFIG_OPTIONS, json: { type: 'boolean' } }, 1);
  const invocation = invocationFrom(values, positionals[0]);
  const { model, diagnostics, texts } = loadWithRules(invocation);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ sound: model !== undefined, diagnostics })}\n`);
    return model ? 0 : FAULTY;
  }
  const known = new Map([...texts, ['command line', invocation.globals ?? '']]);
  const colour = process.stderr.isTTY && process.stderr.hasColors();
  process.stderr.write(renderDiagnostics(diagnostics, { texts: known, colour }));
  if (!model) return FAULTY;
  process.stdout.write(`${invocation.file}: no errors\n`, 'latin1');
  return 0;
}
