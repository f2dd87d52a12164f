/** `moat directives`: the manual of the language. */
import { describeDirectives, nearestDirective } from '#config';
import { say } from '../complaint.ts';
import { readOptions } from '../options.ts';

/** @returns 1 when there is no directive of that name */
export function run(args: readonly string[]): number {
  const [name] = readOptions(args, {}, 1).positionals;
  const text = describeDirectives(name);
  if (text !== undefined) {
    process.stdout.write(text);
    return 0;
  }
  const near = nearestDirective(name ?? '');
  say(`moat: there is no directive "${name}"${near ? `: did you mean "${near}"?` : ''}\n`);
  return 1;
}
