/** What stands in a set of adopted maps, as tables: numbers are kept by it, and real servers that are gone are seen off. */
import { addressText } from './address.ts';
import { FATE, INTAKE, MODE, PROTOCOL, REALS_MOST, SERVICES_MOST, STRUCTS } from './layout.ts';
import type { L4Maps } from './maps.ts';
import { readBytes, readNumber } from './struct.ts';
import type { L4Tables, RealTable, ServiceEndpoint, ServiceFacts, ServiceTable } from './tables.ts';

const nameBy = <T extends string>(table: Record<T, number>, value: number): T =>
  (Object.keys(table) as T[]).find(name => table[name] === value)!;

/** Names are lost: a real server has its address and port for one. Facts and selections are not read: they are written anew. */
export function tablesIn(maps: L4Maps): L4Tables {
  const endpoints = endpointsBy(maps);
  const reals = readReals(maps);
  const services = [...endpoints].map(
    ([id, places]): ServiceTable => ({
      id,
      facts: UNKNOWN,
      endpoints: places,
      selection: { kind: 'ring', key: 'source', slots: new Uint32Array(0) },
      reals: reals.filter(({ serviceId }) => serviceId === id),
    }),
  );
  const leaving = reals.filter(({ serviceId }) => !endpoints.has(serviceId));
  return { settings: NO_SETTINGS, services, leaving };
}

function endpointsBy(maps: L4Maps): Map<number, ServiceEndpoint[]> {
  const found = new Map<number, ServiceEndpoint[]>();
  for (const [, { address, port, protocol, service }] of maps.endpointPlaces()) {
    if (service >= SERVICES_MOST) continue;
    const places = found.get(service) ?? [];
    places.push({ address, port, protocol: nameBy(PROTOCOL, protocol) });
    found.set(service, places);
  }
  return found;
}

function readReals(maps: L4Maps): RealTable[] {
  const found: RealTable[] = [];
  for (const [key, value] of maps.map('reals').entries()) {
    const id = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    const serviceId = readNumber(STRUCTS.real, value, 'service');
    if (id > 0 && id < REALS_MOST && serviceId > 0) found.push(readReal(id, serviceId, value));
  }
  return found;
}

function readReal(id: number, serviceId: number, value: Uint8Array): RealTable {
  const read = (field: string) => readNumber(STRUCTS.real, value, field);
  const address = addressText(readBytes(STRUCTS.real, value, 'address'));
  const port = read('port');
  return {
    id,
    serviceId,
    name: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    address,
    port,
    mode: nameBy(MODE, read('mode')),
    weight: read('weight'),
    upper: read('upper'),
    lower: read('lower'),
    intake: nameBy(INTAKE, read('intake')),
    fate: nameBy(FATE, read('fate')),
  };
}

const NO_LIMIT = { synsPerSecond: 0, packetsPerSecond: 0, connections: 0 };
const NO_FILTER = { allowed: [], denied: [] };

/** Unlike whatever is configured, so that it is written. */
const UNKNOWN: ServiceFacts = {
  name: '',
  protocol: 'tcp',
  tunnel: { kind: 'ipip', port: 0 },
  persistence: undefined,
  onDead: 'rst',
  onePacket: false,
  synCookies: undefined,
  drain: { deadlineMs: 0, keepsPersistent: false },
  sourceLimit: NO_LIMIT,
  limit: NO_LIMIT,
  filter: NO_FILTER,
};

const NO_SETTINGS: L4Tables['settings'] = {
  connections: 0,
  timeouts: { establishedMs: 0, synMs: 0, finMs: 0, udpMs: 0 },
  insertsPerSecond: 0,
  hashKey: new Uint8Array(16),
  cookieKey: new Uint8Array(16),
  leaseMs: undefined,
  sourcePools: [],
  filter: NO_FILTER,
  isSynced: false,
};
