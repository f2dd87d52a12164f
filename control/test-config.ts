/** `-t` and `-T`: is this configuration sound, and can this machine run it? Nothing of a running moat is touched. */
import { AppendFiles } from '#kit/append-file.ts';
import type { Model } from '#model/main.ts';
import { groupId, userIds } from '#native/identity.ts';
import { complain, complainOf, leaveInLog, lineOf, say, showFaults } from './complaint.ts';
import { diskNeedsOf } from './disk-needs.ts';
import type { Invocation } from './invocation.ts';
import { refuseUnusable } from './listeners.ts';
import { LogFiles } from './log-files.ts';
import { planeConfigOf } from './plane-config.ts';
import { loadWithRules } from './waf/load-rules.ts';

export interface TestOptions {
  readonly test?: 'check' | 'dump';
  readonly quiet?: boolean;
}

/** @returns the exit code: 0 when the configuration is sound */
export async function testConfig(
  invocation: Invocation,
  { test, quiet = false }: TestOptions,
): Promise<number> {
  const { model, diagnostics, texts } = loadWithRules(invocation);
  const { file } = invocation;
  complainOf(diagnostics, quiet);
  if (!model || !quiet) showFaults(diagnostics, texts);
  const messages = model ? unusable(model, invocation) : diagnostics.map(lineOf);
  if (model && !quiet) say(`nginx: the configuration file ${file} syntax is ok\n`);
  if (model) for (const message of messages) complain('emerg', message);
  if (messages.length > 0 || !model) {
    leaveInLog(invocation, messages);
    say(`nginx: configuration file ${file} test failed\n`);
    return 1;
  }
  if (!quiet) say(`nginx: configuration file ${file} test is successful\n`);
  if (test === 'dump') for (const [path, text] of texts) dump(path, text);
  return 0;
}

function dump(path: string, text: string): void {
  process.stdout.write(`# configuration file ${path}:\n${text}\n`, 'latin1');
}

/** A text for the terminal, as `say` takes it. */
/** What stands in the way of running a sound configuration here: logs that cannot be opened, addresses that are not ours. */
function unusable(model: Model, invocation: Invocation): string[] {
  const config = planeConfigOf(model, invocation);
  try {
    const files = new LogFiles(new AppendFiles(), `${invocation.prefix}logs`);
    files.abandon(files.prepare(diskNeedsOf(config).logs));
    for (const listen of Object.values(config.http.listens)) refuseUnusable(listen);
    refuseUnknownUser(config.process.user);
    return [];
  } catch (fault) {
    return [(fault as Error).message];
  }
}

function refuseUnknownUser(user: Model['process']['user']): void {
  if (!user || process.getuid?.() !== 0) return;
  if (!userIds(user.name)) throw new Error(`getpwnam("${user.name}") failed: there is no such user`);
  if (groupId(user.group) === undefined)
    throw new Error(`getgrnam("${user.group}") failed: there is no such group`);
}
