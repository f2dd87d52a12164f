/** Runs programs of the machine to their end, and tells what they said when they fail. */
import { spawnSync } from 'node:child_process';

/** `ip` and its like lie where an ordinary user's PATH does not lead. */
export const SYSTEM_PATHS: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
};

/** @param input for its stdin @returns what it wrote to stdout @throws {Error} with all it wrote, unless it ends with 0 */
export function command(words: readonly [string, ...string[]], input = ''): string {
  const [program, ...rest] = words;
  const options = { encoding: 'utf8', env: SYSTEM_PATHS, input } as const;
  const { status, stdout, stderr, error } = spawnSync(program, rest, options);
  if (status === 0) return stdout;
  throw new Error(`Cannot run ${words.join(' ')}: ${error?.message ?? `${status}: ${stderr}${stdout}`}`);
}

export const isProgram = (name: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${name}`], { env: SYSTEM_PATHS }).status === 0;
