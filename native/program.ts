/** Programs that the configuration names: without a shell, as another user, in a process group that ends as a whole. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { userIds } from './identity.ts';

/** Only root can become somebody else; others run programs as they are. */
function identityOf(user: string): Pick<SpawnOptions, 'uid' | 'gid'> {
  if (process.geteuid?.() !== 0) return {};
  const ids = userIds(user);
  if (!ids) throw new Error(`there is no user "${user}" to run it`);
  return ids;
}

/**
 * @param env beside PATH
 * @param stdio nothing, unless told otherwise
 * @throws {Error} when there is no such user
 */
export function startProgram(
  user: string,
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdio: SpawnOptions['stdio'] = 'ignore',
): ChildProcess {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  return spawn(program, args, {
    ...{ cwd: '/', detached: true, stdio, env: { PATH, ...env } },
    ...identityOf(user),
  });
}

export interface ProgramEnd {
  /** Null: a signal ended it, or its time was over. */
  readonly code: number | null;
  readonly says: string;
  /** It was killed, for its time was over. */
  readonly isLate: boolean;
}

/**
 * Waits for the end of a program, and kills what it left behind.
 *
 * @param signal ends it, and all that it has started
 * @param timeoutMs so does this; never if absent
 * @throws {Error} when it could not be started
 */
export async function endOf(
  child: ChildProcess,
  signal: AbortSignal,
  timeoutMs?: number,
): Promise<ProgramEnd> {
  const kill = () => killGroup(child);
  signal.addEventListener('abort', kill, { once: true });
  let isLate = false;
  const expire = () => {
    isLate = true;
    kill();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  try {
    return await new Promise<ProgramEnd>((done, fail) => {
      child.once('error', fail);
      child.once('exit', (code, by) => {
        const says = isLate
          ? `it took longer than ${timeoutMs} ms`
          : code === null
            ? `it was ended by ${by}`
            : `exit code ${code}`;
        done({ code: isLate ? null : code, says, isLate });
      });
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    kill();
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault; // all of it has ended
  }
}
