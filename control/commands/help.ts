/** `moat help`: the commands, what each does and how it is called. */
import { COMMANDS } from '../commands.ts';

export function run(): number {
  const rows = Object.values(COMMANDS);
  const lines = rows.map(({ usage, summary }) => `  moat ${usage}\n      ${summary}`);
  process.stdout.write(`${lines.join('\n')}\n\nnginx's own options work too: "moat -h" lists them.\n`);
  return 0;
}
