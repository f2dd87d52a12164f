/** Loads each program once, and lets go of it: what the verifier of this kernel says is worth more than any version. */
import { closeObject, loadObject } from '#native/bpf.ts';
import { closeFd } from '#native/socket.ts';
import { type DirectorBuild, loadDirector, loadSteer, makeMaps, objectPath, startSweep } from './programs.ts';

export interface Tried {
  readonly name: string;
  /** Why it cannot be; undefined: it can. */
  readonly fault: string | undefined;
}

const FEW = 1024;

/** Nothing is attached or pinned. */
export function tryPrograms(): Tried[] {
  const opened: number[] = [];
  try {
    const loaded = makeMaps(FEW);
    opened.push(loaded.sweep);
    const director = (build: DirectorBuild) => () => void opened.push(loadDirector(loaded.maps, build));
    const tried = [
      attempt('the sweep of the connection table, with a timer of the kernel,', () =>
        startSweep(loaded.sweep),
      ),
      attempt('the director for XDP', director('xdp')),
      attempt('the director for tc', director('tc')),
      attempt('the far end of tunnels', () => closeObject(loadObject(objectPath('decap')))),
      attempt('what steers health checks', () => closeObject(loadSteer(loaded.maps))),
    ];
    loaded.maps.close();
    return tried;
  } catch (fault) {
    return [{ name: 'the L4 tier', fault: wordsOf(fault) }];
  } finally {
    for (const fd of opened) closeFd(fd);
  }
}

function attempt(name: string, load: () => void): Tried {
  try {
    load();
    return { name, fault: undefined };
  } catch (fault) {
    return { name, fault: wordsOf(fault) };
  }
}

/** Of what the verifier said the end: there it gave up. */
function wordsOf(fault: unknown): string {
  const { message, log = '' } = fault as Error & { log?: string };
  const last = log.trim().split('\n').slice(-3).join(' | ');
  return last === '' ? message : `${message}: ${last}`;
}
