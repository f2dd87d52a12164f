/** `moat help`: the commands, a line each. */
import { COMMANDS } from '../commands.ts';

export function run(): number {
  const rows = Object.values(COMMANDS);
  const width = Math.max(...rows.map(({ usage }) => usage.length));
  const lines = rows.map(({ usage, summary }) => `  moat ${usage.padEnd(width)}  ${summary}`);
  process.stdout.write(`${lines.join('\n')}\n\nnginx's own options work too: "moat -h" lists them.\n`);
  return 0;
}
