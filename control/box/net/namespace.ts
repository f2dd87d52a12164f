/** Network namespaces by name: why there can be none, what runs in one, its end. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { command, isProgram, SYSTEM_PATHS } from './command.ts';

/** Where `ip netns` keeps them. */
const FOLDER = '/run/netns';

export const namespacePath = (name: string): string => `${FOLDER}/${name}`;

export const namespaces = (): string[] => (existsSync(FOLDER) ? readdirSync(FOLDER) : []);

/** Why there can be no network of namespaces here, or undefined. */
export function namespacesMissing(programs: readonly string[] = []): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const absent = ['ip', 'nsenter', ...programs].find(program => !isProgram(program));
  if (absent !== undefined) return `no ${absent} here`;
  const probe = spawnSync('unshare', ['--net', 'true']);
  return probe.status === 0 ? undefined : 'network namespaces are not allowed here';
}

export const addNamespace = (name: string): string => command(['ip', 'netns', 'add', name]);

/** Numbers of the processes in it; none when there is no such namespace. */
export function pidsIn(name: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8', env: SYSTEM_PATHS });
  return (stdout ?? '').split('\n').map(Number).filter(isOther);
}

const isOther = (pid: number) => pid > 1 && pid !== process.pid;

/** Ends what runs in a namespace and removes it, and with it every wire that ends there. */
export function removeNamespace(name: string): void {
  killAll(pidsIn(name));
  spawnSync('ip', ['netns', 'delete', name], { env: SYSTEM_PATHS });
}

/** `kill -9`; who has ended by itself is no fault. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL');
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault;
    }
}
