/** Loaded by tap before each test file: puts a plain Node in the place of the one that tap has dressed up. */

/*
 * tap starts each file with loaders of its own (for TypeScript, mocks and coverage), which also go into every worker thread
 * and, by NODE_OPTIONS, into every process that a test starts: a moat that starts at half its speed with other options
 * is not the one to test. execve() keeps the pid and the pipes, so tap sees no difference.
 */
if (process.env['TAP']) {
  const flags = process.execArgv.filter(flag => flag.startsWith('--test-'));
  const isOfTap = (name: string) =>
    name === 'NODE_OPTIONS' || name === 'NODE_CHANNEL_FD' || /^_?TAP(JS)?(_|$)/.test(name);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfTap(name)));
  process.execve!(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], env);
}
