/** dns_hook: a program, without a shell, as another user, for so long and no longer. */
import { spawn } from 'node:child_process';
import type { DnsHook } from '#model/l7/acme.ts';
import { userIds } from '#native/identity.ts';
import { plain } from './fault.ts';
import type { TxtRecord } from './store.ts';

const MOST_SAID = 1024;

/** Only root can become somebody else. @throws {Error} when there is no such user */
function identityOf(user: string): { readonly uid?: number; readonly gid?: number } {
  if (process.geteuid?.() !== 0) return {};
  const ids = userIds(user);
  if (!ids) throw new Error(`there is no user "${user}" to run it`);
  return ids;
}

/** @param stop ends it, and all that it has started @throws {Error} when it does not end well, or not in time */
export async function runHook(
  hook: DnsHook,
  action: 'present' | 'cleanup',
  record: TxtRecord,
  stop: AbortSignal,
): Promise<void> {
  const [program = ''] = hook.command;
  try {
    stop.throwIfAborted();
    const says = await runOnce(hook, stop, {
      ...{ MOAT_ACME_ACTION: action, MOAT_ACME_DOMAIN: record.domain },
      ...{ MOAT_ACME_NAME: record.name, MOAT_ACME_VALUE: record.value },
    });
    if (says !== undefined) throw new Error(says);
  } catch (fault) {
    throw new Error(`dns_hook ${program} (${action} ${record.name}): ${(fault as Error).message}`, {
      cause: fault,
    });
  }
}

/** @returns what went wrong; undefined: nothing */
async function runOnce(
  { command: [program = '', ...args], user, timeoutMs }: DnsHook,
  stop: AbortSignal,
  added: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  const child = spawn(program, args, {
    ...{ cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH, ...added } },
    ...identityOf(user),
  });
  let said = '';
  child.stderr?.on('data', (piece: Buffer) => {
    said = (said + piece.toString('latin1')).slice(-MOST_SAID);
  });
  const kill = () => killGroup(child.pid);
  stop.addEventListener('abort', kill, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeoutMs);
  try {
    const how = await new Promise<string>((done, fail) => {
      child.once('error', fail);
      child.once('exit', (code, by) => done(code === null ? `it was ended by ${by}` : `exit code ${code}`));
    });
    if (isLate) return `it took longer than ${timeoutMs} ms`;
    return how === 'exit code 0' ? undefined : `${how}${said === '' ? '' : `: ${plain(said)}`}`;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', kill);
    kill(); // what it left behind
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault; // all of it has ended
  }
}
