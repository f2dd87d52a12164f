/** `health_check script`: a program, by its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ScriptQuestion } from '#model/l4/health.ts';
import { userIds } from '#native/identity.ts';
import type { Passed, Probe } from './probe.ts';

/** Beyond 1, exit codes of a check with dynamic weight are weights, so much more. */
const WEIGHT_FROM = 2;

export const scriptProbe: Probe<ScriptQuestion> = async (question, target, { signal, scriptUser }) => {
  const { command, user = scriptUser, dynamicWeight } = question;
  const env = {
    MOAT_VIRTUAL_SERVER: target.virtualServer,
    MOAT_REAL_SERVER: target.realServer,
    MOAT_ADDRESS: target.address,
    MOAT_PORT: String(target.port),
  };
  const child = runAs(user, command, env);
  const stop = () => killGroup(child);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return verdictOf(await exitOf(child), dynamicWeight);
  } finally {
    signal.removeEventListener('abort', stop);
    killGroup(child); // what it left behind
  }
};

/** Starts a program in a process group of its own. @throws {Error} when there is no such user */
export function runAs(
  user: string,
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  return spawn(program, args, {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
    env: { PATH, ...env },
    ...identityOf(user),
  });
}

/** Only root can become somebody else; others run programs as they are. */
function identityOf(user: string): { readonly uid?: number; readonly gid?: number } {
  if (process.geteuid?.() !== 0) return {};
  const ids = userIds(user);
  if (!ids) throw new Error(`there is no user "${user}" to run it`);
  return ids;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault; // all of it has ended
  }
}

function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => done({ code, signal }));
  });
}

function verdictOf(
  { code, signal }: { code: number | null; signal: NodeJS.Signals | null },
  dynamicWeight: boolean,
): Passed {
  if (code === 0) return {};
  if (dynamicWeight && code !== null && code >= WEIGHT_FROM) return { weight: code - WEIGHT_FROM };
  throw new Error(code === null ? `it was ended by ${signal}` : `exit code ${code}`);
}
