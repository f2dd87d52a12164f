/** moat under nginx's command line: what scripts, service units and test suites call it with. */
import { type NginxCommand, readNginxCommand, UsageFault } from './command-line.ts';
import { say } from './complaint.ts';
import { DEFAULT_FILES, DEFAULT_PREFIX, invocationOf } from './invocation.ts';
import { endWhenUnread } from './unread.ts';

/** Runs nginx's options. @returns the exit code */
export async function runNginxCommand(args: readonly string[]): Promise<number> {
  let command: NginxCommand;
  try {
    command = readNginxCommand(args);
  } catch (fault) {
    if (!(fault instanceof UsageFault)) throw fault;
    say(`nginx: ${fault.message}\n`);
    return 1;
  }
  return command.version ? tell(command) : work(command);
}

async function tell({ version, help }: NginxCommand): Promise<number> {
  const { buildLines, versionLine } = await import('./version.ts');
  say(version === 'full' ? buildLines() : versionLine());
  if (help) say(USAGE);
  return 0;
}

/** Loads no more than the command needs: starting is waited for. */
async function work(command: NginxCommand): Promise<number> {
  const invocation = invocationOf(command);
  if (command.send) return (await import('./send-signal.ts')).sendSignal(command.send, invocation);
  if (command.test) endWhenUnread();
  if (command.test) return (await import('./test-config.ts')).testConfig(invocation, command);
  return (await import('./serve.ts')).serve(invocation);
}

const USAGE = `usage: nginx [-?hvVtTq] [-s signal] [-p prefix] [-e filename] [-c filename] [-g directives]
       moat COMMAND ...    ("moat help" lists the commands)

  -? -h          print this text
  -v             print the version
  -V             print the version and what this build has
  -t             check the configuration and end
  -T             check it, print all of its files and end
  -q             with -t and -T: say nothing unless something is wrong
  -s signal      tell the running process: stop, quit, reopen or reload
  -p prefix      where relative paths start (default: ${DEFAULT_PREFIX}/)
  -e filename    error log for what happens before the configuration names one
  -c filename    configuration file (default: ${DEFAULT_FILES.join(' or ')} below the prefix)
  -g directives  directives of the main context, read before the file
`;
