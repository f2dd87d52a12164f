/** `track script`: a program, by its exit code, after so many the same in a row. */
import { spawn } from 'node:child_process';
import type { TrackScriptModel } from '#model/cluster/track.ts';
import { userIds } from '#native/identity.ts';
import { lookEvery, type Report, type Tracker, type TrackStatus } from './tracker.ts';

export function trackScript(script: TrackScriptModel, scriptUser: string, report: Report): Tracker {
  const streak = new Streak(script);
  const abort = new AbortController();
  const look = async () => streak.next(await runOnce(script, script.user ?? scriptUser, abort.signal));
  const tracker = lookEvery(script.intervalMs, look, report);
  return {
    stop() {
      tracker.stop();
      abort.abort();
    },
  };
}

/** The first answer counts at once; later ones when they have come `rise` or `fall` times in a row. */
class Streak {
  readonly #script: TrackScriptModel;
  #settled: TrackStatus | undefined;
  #differing = 0;

  constructor(script: TrackScriptModel) {
    this.#script = script;
  }

  next(status: TrackStatus): TrackStatus {
    const { rise, fall } = this.#script;
    if (!this.#settled || this.#settled.ok === status.ok) {
      this.#differing = 0;
      this.#settled = status;
    } else if (++this.#differing >= (status.ok ? rise : fall)) {
      this.#differing = 0;
      this.#settled = status;
    }
    return this.#settled;
  }
}

/** Only root can become somebody else. */
function identityOf(user: string): { readonly uid?: number; readonly gid?: number } {
  if (process.geteuid?.() !== 0) return {};
  const ids = userIds(user);
  if (!ids) throw new Error(`there is no user "${user}" to run it`);
  return ids;
}

async function runOnce(
  { command, timeoutMs }: TrackScriptModel,
  user: string,
  signal: AbortSignal,
): Promise<TrackStatus> {
  const [program = '', ...args] = command;
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  const child = spawn(program, args, {
    ...{ cwd: '/', detached: true, stdio: 'ignore', env: { PATH } },
    ...identityOf(user),
  });
  const kill = () => killGroup(child.pid);
  signal.addEventListener('abort', kill, { once: true });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  try {
    const says = await new Promise<string>((done, fail) => {
      child.once('error', fail);
      child.once('exit', (code, by) => done(code === null ? `it was ended by ${by}` : `exit code ${code}`));
    });
    if (timedOut) return { ok: false, says: `it took longer than ${timeoutMs} ms` };
    return { ok: says === 'exit code 0', says };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
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
