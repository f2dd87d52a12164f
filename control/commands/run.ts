/** `moat run`: serves in the foreground, whatever `daemon` says. */
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';
import { serve } from '../serve.ts';

export const outlivesReader = true;

export function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, CONFIG_OPTIONS);
  return serve(invocationFrom(values), { foreground: true });
}
