/**
 * A director on a machine of its own, as far as two processors can show it: whoever asks and whoever answers, with all the kernel does for
 * them, have the first; the director, and the port of the switch behind it, the second. What the director costs is then no loss of theirs.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Site } from '../../test/l4/site.ts';
import type { Host } from '../../test/lab/lab.ts';

const ENDS = 0;
const DIRECTORS = 1;
/** Starts a program on the director's processor. */
export const BESIDE_THE_DIRECTOR = ['taskset', '-c', `${DIRECTORS}`] as const;

/** The processor that takes what arrives there: on veth it would be the sender's. */
async function receiveOn(cpu: number, host: Host, device: string): Promise<void> {
  const file = `/sys/class/net/${device}/queues/rx-0/rps_cpus`;
  const script = `mount -t sysfs none /sys && echo ${1 << cpu} > ${file}`;
  const { status, stderr } = await host.run('unshare', '--mount', 'sh', '-c', script);
  if (status !== 0) throw new Error(`${file}: ${stderr}`);
}

/** This process, and all that it starts from now on. */
function runOn(cpus: string): void {
  const { status, stderr } = spawnSync('taskset', ['--all-tasks', '-pc', cpus, `${process.pid}`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`taskset: ${stderr}`);
}

/** @returns what undoes it for this process */
export async function keepApart(site: Site): Promise<Disposable> {
  const cores = availableParallelism();
  if (cores < 2) throw new Error('bench: a director of its own processor takes two of them');
  const [clientPort, directorPort, ...realPorts] = site.switchPorts;
  for (const host of [site.client, ...site.reals]) await receiveOn(ENDS, host, 'eth0');
  for (const port of [clientPort!, ...realPorts]) await receiveOn(ENDS, site.lab.switchHost, port);
  await receiveOn(DIRECTORS, site.directorHost, 'eth0');
  await receiveOn(DIRECTORS, site.lab.switchHost, directorPort!);
  runOn(`${ENDS}`);
  return { [Symbol.dispose]: () => runOn(`0-${cores - 1}`) };
}
