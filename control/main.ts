/** From the words of the command line to the command that does the work. */

import { suggest } from '#kit/suggest.ts';
import { COMMANDS, isCommand } from './commands.ts';
import { say } from './complaint.ts';
import { runNginxCommand } from './nginx-command.ts';

/**
 * Runs what `args` ask for: a command of moat's own (`moat check`), or nginx's options.
 *
 * @param args as Node hands them over, in UTF-16; inside, every text is a latin1 string of its bytes
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  const [first = '', ...rest] = args.map(word => Buffer.from(word).toString('latin1'));
  if (isCommand(first)) return (await COMMANDS[first].load()).run(rest);
  if (/^[a-z]/.test(first)) return refuse(first);
  return runNginxCommand(first === '' ? [] : [first, ...rest]);
}

function refuse(word: string): number {
  const near = suggest(word, Object.keys(COMMANDS));
  say(`nginx: invalid option: "${word}"\n`);
  say(near ? `moat: did you mean "moat ${near}"?\n` : 'moat: "moat help" lists the commands\n');
  return 1;
}
