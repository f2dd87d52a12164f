/** A small network for one test: hosts that can be listened to, gone at the end, whatever happens. */

import { Host as PlainHost } from '../../control/box/net/host.ts';
import { startOf } from '../../control/box/net/life.ts';
import { namespaces, namespacesMissing, removeNamespace } from '../../control/box/net/namespace.ts';
import { Network } from '../../control/box/net/network.ts';
import { Capture } from './capture.ts';

export { type RunResult, until } from '../../control/box/net/host.ts';
export type { Wire } from '../../control/box/net/network.ts';

const PREFIX = 'mlab';

/** Why there can be no lab here, or false: for `test(…, { skip })`. */
export const labMissing = (...programs: string[]): string | false =>
  namespacesMissing(['ethtool', 'tcpdump', ...programs]) ?? false;

/** Removes what labs have left whose process is gone: they were killed before they could do it. */
export function sweepLabs(): void {
  for (const name of namespaces()) {
    const [prefix, pid, start] = name.split('-');
    if (prefix === PREFIX && startOf(Number(pid)) !== start) removeNamespace(name);
  }
}

/** A host of the lab. */
export class Host extends PlainHost {
  /** Watches an interface. @param filter as tcpdump takes it */
  async capture(interfaceName: string, filter = ''): Promise<Capture> {
    const child = this.start('tcpdump', '-lnn', '-U', '--immediate-mode', '-i', interfaceName, filter);
    const capture = new Capture(child);
    await capture.started;
    return capture;
  }
}

/** All hosts of one test. `close()` it, or declare it with `using`. */
export class Lab extends Network<Host> implements Disposable {
  constructor() {
    sweepLabs();
    labs++;
    super(
      `${PREFIX}-${process.pid}-${startOf('self')}-${labs}`,
      (name, namespace) => new Host(name, namespace),
    );
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

// Two labs of one process must not share names.
let labs = 0;
