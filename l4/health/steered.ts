/** A check by the path of the virtual server: what its failure means is found out by asking plainly too. */
import type { ProbeTarget, VirtualPath } from './probe.ts';
import type { Outcome } from './table.ts';

/**
 * Takes a path to a real server's address.
 *
 * @returns `local`: the real server is this host, which has the virtual address itself
 * @throws {Error} when it cannot be taken
 */
export type Steer = (path: VirtualPath, realAddress: string) => SteeredWay | 'local';

export interface SteeredWay {
  /** Of packets that go by it. */
  readonly mark: number;
  /** An own address that is no virtual one: to such a source the real server would answer itself. Undefined: the routes know. */
  readonly from: string | undefined;
}

/** @param ask asks once; never rejects */
export async function askThroughVirtual(
  target: ProbeTarget,
  path: VirtualPath,
  steer: Steer,
  ask: (target: ProbeTarget) => Promise<Outcome>,
): Promise<Outcome> {
  let way: SteeredWay | 'local';
  try {
    way = steer(path, target.address);
  } catch (fault) {
    return { passed: false, reason: (fault as Error).message };
  }
  if (way === 'local') return await ask({ ...target, address: path.virtual });
  const { mark } = way;
  const from = target.from ?? way.from;
  const outcome = await ask({ ...target, from, mark });
  if (outcome.passed) return outcome;
  const plain = await ask({ ...target, from });
  return { passed: false, reason: plain.passed ? causeOf(outcome.reason, target, path) : plain.reason };
}

/** Its own address answers and the virtual one does not: who refuses has the address, who is silent drops what comes for it. */
function causeOf(reason: string, { address, port }: ProbeTarget, { virtual, mode }: VirtualPath): string {
  if (/refused/.test(reason))
    return `${reason} at ${virtual}, while ${address} passes: its server does not listen on port ${port} of the virtual address`;
  const tunnel = mode === 'tun' ? ', or does not unwrap tunnels of this director' : '';
  return `${reason} at ${virtual}, while ${address} passes: it has ${virtual} not on lo${tunnel} (moat real-server status, there)`;
}
