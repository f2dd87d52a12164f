/** From the words of the command line to the command that does the work. */

import { suggest } from '#kit/suggest.ts';
import { COMMANDS, type Command, isCommand } from './commands.ts';
import { say } from './complaint.ts';
import { runNginxCommand } from './nginx-command.ts';
import { OptionFault } from './options.ts';
import { endWhenUnread } from './unread.ts';
import { asksForHelp, helpOf, usageLines } from './usage.ts';

const WRONG_USE = 2;
/** What is tried first at a program that is new to somebody; nginx knows neither. */
const USUAL: Readonly<Record<string, keyof typeof COMMANDS>> = { '--help': 'help', '--version': 'version' };

/**
 * Runs what `args` ask for: a command of moat's own (`moat check`), or nginx's options.
 *
 * @param args as Node hands them over, in UTF-16; inside, every text is a latin1 string of its bytes
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  const [first = '', ...rest] = args.map(word => Buffer.from(word).toString('latin1'));
  const usual = USUAL[first];
  if (usual) return runCommand(usual, rest);
  if (isCommand(first)) return runCommand(first, rest);
  if (/^[a-z]/.test(first)) return refuse(first);
  return runNginxCommand(first === '' ? [] : [first, ...rest]);
}

async function runCommand(name: keyof typeof COMMANDS, args: readonly string[]): Promise<number> {
  const command: Command = await COMMANDS[name].load();
  if (!command.outlivesReader) endWhenUnread();
  if (asksForHelp(args)) return tell(command.help ?? helpOf(COMMANDS[name]));
  try {
    return await command.run(args);
  } catch (fault) {
    if (!(fault instanceof OptionFault)) throw fault;
    say(`moat ${name}: ${fault.message}\n${usageLines(COMMANDS[name])}`);
    return WRONG_USE;
  }
}

function tell(text: string): number {
  process.stdout.write(text);
  return 0;
}

function refuse(word: string): number {
  const near = suggest(word, Object.keys(COMMANDS));
  say(`nginx: invalid option: "${word}"\n`);
  say(near ? `moat: did you mean "moat ${near}"?\n` : 'moat: "moat help" lists the commands\n');
  return 1;
}
