/** The face of control/: what the program does with its arguments. A placeholder until the commands stand. */

/** Runs the command that `args` name. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  console.error(`moat: "${args.join(' ')}" is not there yet`);
  return 2;
}
