/**
 * Members by the HTTP API of Consul: the health of the instances of a service, asked for by blocking queries.
 * Facts: developer.hashicorp.com/consul/api-docs/health, .../features/blocking.
 */
import type { ConsulDiscovery } from '#model/l7/discovery.ts';
import { fieldsOf, listOf, listOrNone, textOf, wholeOf } from './answer.ts';
import { Caller } from './caller.ts';
import { type Follow, secretOf } from './follow.ts';
import { type Found, MOST_PORT, weightOf } from './found.ts';
import { pause } from './pause.ts';

/** How long the server holds a question open when nothing changes; it adds up to a sixteenth. */
const WAIT_S = 55;
const IDLE_MS = 75_000;
/** A server that does not hold questions open is not asked without end. */
const LEAST_ROUND_MS = 250;
/** One that knows no index is asked so often. */
const POLL_MS = 5000;

export const followConsul =
  (model: ConsulDiscovery): Follow =>
  async (hands, signal) => {
    const ca = model.caPath === undefined ? undefined : (await hands.read(model.caPath))?.text;
    const caller = new Caller(model.place, ca);
    for (let index: number | undefined; !signal.aborted; ) {
      const startedMs = performance.now();
      const token = await secretOf(model.tokenPath, hands);
      const { value, headers } = await caller.json({
        path: healthPath(model, index),
        headers: token === undefined ? {} : { 'X-Consul-Token': token },
        idleMs: IDLE_MS,
        signal,
      });
      hands.take(readHealth(value));
      index = nextIndex(headers['x-consul-index'], index);
      const leastMs = index === undefined ? POLL_MS : LEAST_ROUND_MS;
      await pause(Math.max(0, leastMs - (performance.now() - startedMs)), signal);
    }
  };

/** @param index of the answer before: until there is another one the answer waits; 0 and undefined: it comes at once */
export function healthPath(
  { service, tag, datacenter, namespace }: ConsulDiscovery,
  index: number | undefined,
): string {
  const query = new URLSearchParams({
    ...(index && { index: `${index}`, wait: `${WAIT_S}s` }),
    ...(tag !== undefined && { tag }),
    ...(datacenter !== undefined && { dc: datacenter }),
    ...(namespace !== undefined && { ns: namespace }),
  });
  return `/v1/health/service/${encodeURIComponent(service)}${query.size > 0 ? `?${query}` : ''}`;
}

/** An index that goes back means that the server began anew: so do we, by 0. @returns undefined where there is none */
export function nextIndex(written: string | string[] | undefined, before = 0): number | undefined {
  const index = typeof written === 'string' && /^[1-9]\d{0,15}$/.test(written) ? Number(written) : undefined;
  return index !== undefined && index < before ? 0 : index;
}

/** Instances of which no check is critical; one with a warning has the weight for it. @throws {Refusal} */
export function readHealth(value: unknown): Found[] {
  return listOf(value, 'the answer').flatMap((entry, at) => {
    const where = `entry ${at + 1}`;
    const { Node, Service, Checks } = fieldsOf(entry, where);
    const checks = listOrNone(Checks, `${where}.Checks`).map(check =>
      textOf(fieldsOf(check, `a check of ${where}`)['Status'], `the status of a check of ${where}`),
    );
    if (checks.some(status => status !== 'passing' && status !== 'warning')) return [];
    const service = fieldsOf(Service, `${where}.Service`);
    const own = service['Address'];
    const host = own === undefined || own === '' ? fieldsOf(Node, `${where}.Node`)['Address'] : own;
    return [
      {
        host: textOf(host, `${where}.Service.Address`),
        port: wholeOf(service['Port'], `${where}.Service.Port`, 0, MOST_PORT),
        ...weightsOf(service['Weights'], checks.includes('warning') ? 'Warning' : 'Passing', where),
      },
    ];
  });
}

function weightsOf(value: unknown, which: 'Warning' | 'Passing', where: string) {
  if (value === undefined || value === null) return {};
  const weights = fieldsOf(value, `${where}.Service.Weights`);
  const weight = wholeOf(weights[which], `${where}.Service.Weights.${which}`, 0, Number.MAX_SAFE_INTEGER);
  // What Consul writes where nobody has said anything.
  return weights['Passing'] === 1 && weights['Warning'] === 1 ? {} : weightOf(weight);
}
