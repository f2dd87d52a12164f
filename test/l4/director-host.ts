/** A director for tests in the lab: a process in its host that holds the data plane, told what to do line by line. Reads tables as JSON. */
import { createInterface } from 'node:readline';
import { changesBetween } from '../../l4/changes.ts';
import { DataPlane } from '../../l4/data-plane.ts';
import type { L4Tables } from '../../l4/tables.ts';

type Order =
  | { do: 'tables'; tables: L4Tables }
  | { do: 'attach'; interfaces: { interface: string; mode: 'auto' | 'tc' | 'xdp' | 'xdp-generic' }[] }
  | { do: 'lease'; leaseMs: number }
  | { do: 'figures' }
  | { do: 'remove' };

const plane = new DataPlane({
  pinPath: process.argv[2]!,
  connections: 65536,
  onTrouble: fault => console.error(fault),
});
let tables: L4Tables | undefined;

/** Typed arrays do not survive JSON. */
function revive(found: L4Tables): L4Tables {
  const list = (values: unknown) => Uint32Array.from(Object.values(values as Record<string, number>));
  return {
    ...found,
    settings: {
      ...found.settings,
      hashKey: Uint8Array.from(Object.values(found.settings.hashKey)),
      cookieKey: Uint8Array.from(Object.values(found.settings.cookieKey)),
    },
    services: found.services.map(service => {
      const { selection } = service;
      return {
        ...service,
        selection:
          'slots' in selection
            ? { ...selection, slots: list(selection.slots) }
            : { ...selection, reals: list(selection.reals) },
      };
    }),
  };
}

function follow(order: Order): unknown {
  switch (order.do) {
    case 'tables': {
      const next = revive(order.tables);
      plane.apply(changesBetween(tables, next));
      tables = next;
      return plane.before?.services.length ?? null;
    }
    case 'attach':
      return plane.attach(order.interfaces);
    case 'lease':
      plane.renewLease(order.leaseMs);
      return null;
    case 'figures':
      return {
        reasons: plane.reasons(),
        reals: Object.fromEntries(plane.reals()),
        flows: [...plane.flows()],
      };
    case 'remove':
      return plane.remove();
  }
}

createInterface({ input: process.stdin }).on('line', line => {
  try {
    console.log(JSON.stringify({ answer: follow(JSON.parse(line)) ?? null }));
  } catch (fault) {
    console.log(JSON.stringify({ fault: String((fault as Error).stack) }));
  }
});
console.log(JSON.stringify({ answer: 'ready' }));
