/** Loaded by tap before each test file: what a test starts runs as it would for a user, without tap's hooks. */
import { createRequire } from 'node:module';

/*
 * tap follows the processes that tests start, for coverage: it puts a loader into their NODE_OPTIONS that reads every
 * module again. We take no coverage, and a moat that starts at half its speed with other options is not the one to test.
 */
const tap = import.meta.resolve('@tapjs/processinfo');
createRequire(tap)('process-on-spawn').removeAllListeners();
for (const name of Object.keys(process.env)) {
  if (name === 'NODE_OPTIONS' || /^_?TAP(JS)?(_|$)/.test(name)) delete process.env[name];
}
