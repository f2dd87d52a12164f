/** An EndpointSlice (discovery.k8s.io/v1): whom a Service leads to. Pure. */
import { fieldsOf, listOrNone, Refusal, textOf, wholeOf } from './answer.ts';
import { type Found, MOST_PORT } from './found.ts';

export interface Slice {
  readonly name: string;
  readonly found: readonly Found[];
}

/** @param wanted name or number of a port; undefined: the only one @throws {Refusal} */
export function readSlice(value: unknown, wanted: string | undefined): Slice {
  const slice = fieldsOf(value, 'a slice');
  const name = textOf(fieldsOf(slice['metadata'], 'metadata')['name'], 'metadata.name');
  if (name.length > 253) throw new Refusal('the name of a slice is too long');
  const type = textOf(slice['addressType'], `${name}: addressType`);
  if (type !== 'IPv4' && type !== 'IPv6') return { name, found: [] }; // names of hosts
  const endpoints = listOrNone(slice['endpoints'], `${name}: endpoints`);
  if (endpoints.length === 0) return { name, found: [] }; // its ports are null then
  const port = portOf(slice['ports'], wanted, name);
  if (port === undefined) return { name, found: [] };
  return { name, found: endpoints.flatMap(endpoint => endpointOf(endpoint, port, name)) };
}

/** All addresses of an endpoint are the same one: the first counts. */
function endpointOf(value: unknown, port: number, slice: string): Found[] {
  const { addresses, conditions } = fieldsOf(value, `${slice}: an endpoint`);
  const [host] = listOrNone(addresses, `${slice}: addresses`);
  const use = useOf(conditions ?? {}, slice);
  if (host === undefined || use === undefined) return [];
  return [{ host: textOf(host, `${slice}: an address`), port, ...use }];
}

/** Unknown counts as ready. One that is not ready any more and still serves is on its way out. */
function useOf(value: unknown, slice: string): Pick<Found, 'drain'> | undefined {
  const { ready, serving, terminating } = fieldsOf(value, `${slice}: conditions`);
  for (const condition of [ready, serving, terminating])
    if (condition !== undefined && condition !== null && typeof condition !== 'boolean')
      throw new Refusal(`${slice}: a condition is neither true nor false`);
  if (ready !== false) return {};
  return serving === true && terminating === true ? { drain: true } : undefined;
}

/** @returns undefined when the slice has no such port, as while a Service is changed */
function portOf(value: unknown, wanted: string | undefined, slice: string): number | undefined {
  const ports = listOrNone(value, `${slice}: ports`).map(one => fieldsOf(one, `${slice}: a port`));
  const usable = ports.filter(
    ({ protocol }) => protocol === undefined || protocol === null || protocol === 'TCP',
  );
  if (wanted === undefined && usable.length > 1)
    throw new Refusal(`${slice} has ${usable.length} ports: say which by port=`);
  const isNumber = wanted !== undefined && /^\d{1,5}$/.test(wanted);
  const meant = usable.find(
    ({ name, port }) => wanted === undefined || name === wanted || (isNumber && port === Number(wanted)),
  );
  if (!meant) return undefined;
  return wholeOf(meant['port'], `${slice}: port`, 1, MOST_PORT);
}
