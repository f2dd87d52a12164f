/** `moat help`: the commands, what each does and how it is called; or one of them. */
import { suggest } from '#kit/suggest.ts';
import { COMMANDS, type Command, isCommand } from '../commands.ts';
import { OptionFault, readOptions } from '../options.ts';
import { helpOf } from '../usage.ts';

/** @throws {OptionFault} when there is no such command */
export async function run(args: readonly string[]): Promise<number> {
  const [name] = readOptions(args, {}, 1).positionals;
  process.stdout.write(name === undefined ? allCommands() : await helpOfOne(name));
  return 0;
}

/** What `--help` prints as well: who asks for help about help wants to know the commands. */
export const help = allCommands();

function allCommands(): string {
  const rows = Object.values(COMMANDS);
  const lines = rows.map(({ usage, summary }) => `  moat ${usage}\n      ${summary}`);
  return `${lines.join('\n')}\n\n"moat COMMAND --help" tells of one. nginx's own options work too: "moat -h" lists them.\n`;
}

async function helpOfOne(name: string): Promise<string> {
  if (isCommand(name)) {
    const command: Command = await COMMANDS[name].load();
    return command.help ?? helpOf(COMMANDS[name]);
  }
  const near = suggest(name, Object.keys(COMMANDS));
  throw new OptionFault(`there is no command "${name}"${near ? `: did you mean "${near}"?` : ''}`);
}
