/**
 * Gateways (gateway.networking.k8s.io/v1): their listeners, and which routes may be attached to them. Pure.
 * Facts: gateway-api.sigs.k8s.io/reference/spec (Listener, AllowedRoutes, CommonRouteSpec, ReferenceGrant).
 */
import { type Fields, fieldsOf, quoted, Refusal, textOf } from '../discovery/answer.ts';
import { covers, type PlanDraft } from './draft.ts';
import { byAge, entriesOf, type Held, idOf, specOf, textOrNone } from './object.ts';
import { hostOf, portOf } from './words.ts';

export const GROUP = 'gateway.networking.k8s.io';
const MOST_LISTENERS = 64;
const MOST_CERTIFICATES = 64;
const MOST_GRANTS = 16;
const MOST_EXPRESSIONS = 32;

export interface Listener {
  readonly name: string;
  readonly port: number;
  readonly tls: boolean;
  /** '' for any. */
  readonly host: string;
  readonly certificates: readonly string[];
  readonly allows: (namespace: string) => boolean;
  /** Kinds of routes; undefined: those that go with the protocol. */
  readonly kinds: ReadonlySet<string> | undefined;
}

export interface Gateway {
  readonly id: string;
  readonly listeners: readonly Listener[];
}

/** Ours, by `namespace/name`, the oldest first. What is wrong with a listener leaves that one out. */
export function readGateways(draft: PlanDraft): Map<string, Gateway> {
  const isOurs = classTest(draft);
  const gateways = new Map<string, Gateway>();
  for (const gateway of [...draft.objects.gateways.values()].sort(byAge))
    draft.attempt(labelOf(gateway), () => {
      if (isOurs(gateway)) gateways.set(gateway.id, readGateway(gateway, draft));
    });
  return gateways;
}

const labelOf = ({ id }: Held) => `Gateway ${id}`;

function classTest({ model, objects }: PlanDraft): (gateway: Held) => boolean {
  const { controller, gatewayClass } = model;
  const names = new Set(gatewayClass === undefined ? [] : [gatewayClass]);
  for (const { name, body } of objects.gatewayclasses.values())
    if (controller !== undefined && (body['spec'] as Fields | undefined)?.['controllerName'] === controller)
      names.add(name);
  return gateway => names.has(textOf(specOf(gateway)['gatewayClassName'], 'spec.gatewayClassName'));
}

function readGateway(gateway: Held, draft: PlanDraft): Gateway {
  const listeners: Listener[] = [];
  for (const [at, one] of entriesOf(specOf(gateway)['listeners'], 'spec.listeners', MOST_LISTENERS).entries())
    draft.attempt(labelOf(gateway), () => {
      const listener = readListener(one, `listeners[${at}]`, gateway, draft);
      if (listener.host !== '') claim(listener, gateway, draft);
      listeners.push(listener);
    });
  return { id: gateway.id, listeners };
}

/** Its host has no other routes than those of the listener, even where that has none. */
function claim(listener: Listener, gateway: Held, draft: PlanDraft): void {
  const planned = draft.host(listener.host, listenOf(listener), gateway.id);
  for (const name of listener.certificates) planned.certificates.add(name);
}

export const listenOf = ({ port, tls }: Pick<Listener, 'port' | 'tls'>) => ({ port, tls });

function readListener(one: Fields, where: string, gateway: Held, draft: PlanDraft): Listener {
  const protocol = textOf(one['protocol'], `${where}.protocol`);
  if (protocol !== 'HTTP' && protocol !== 'HTTPS')
    throw new Refusal(`${where}: the protocol ${quoted(protocol)} is not supported: HTTP and HTTPS are`);
  const hostname = textOrNone(one['hostname'], `${where}.hostname`) ?? '';
  const { namespaces, kinds } = fieldsOf(one['allowedRoutes'] ?? {}, `${where}.allowedRoutes`);
  return {
    name: textOf(one['name'], `${where}.name`),
    port: portOf(one['port'], `${where}.port`),
    tls: protocol === 'HTTPS',
    host: hostname === '' ? '' : hostOf(hostname, `${where}.hostname`),
    certificates: protocol === 'HTTPS' ? certificatesOf(one['tls'], `${where}.tls`, gateway, draft) : [],
    allows: namespaceTest(namespaces, `${where}.allowedRoutes.namespaces`, gateway, draft),
    kinds: kindsOf(kinds, `${where}.allowedRoutes.kinds`),
  };
}

/** One that cannot be had leaves the listener out: it would show that of somebody else. */
function certificatesOf(value: unknown, where: string, gateway: Held, draft: PlanDraft): string[] {
  const { mode, certificateRefs } = fieldsOf(value ?? {}, where);
  if (mode !== undefined && mode !== 'Terminate')
    throw new Refusal(`${where}.mode ${quoted(String(mode))} is not supported: Terminate is`);
  return entriesOf(certificateRefs, `${where}.certificateRefs`, MOST_CERTIFICATES).map(
    ({ group = '', kind = 'Secret', name, namespace = gateway.namespace }, at) => {
      const place = `${where}.certificateRefs[${at}]`;
      if (group !== '' || kind !== 'Secret') throw new Refusal(`${place} is no Secret`);
      const to = { namespace: textOf(namespace, `${place}.namespace`), name: textOf(name, `${place}.name`) };
      refuseUngranted({ kind: 'Gateway', namespace: gateway.namespace }, { kind: 'Secret', ...to }, draft);
      return draft.certificate(to.namespace, to.name);
    },
  );
}

function kindsOf(value: unknown, where: string): Listener['kinds'] {
  const kinds = entriesOf(value, where, MOST_EXPRESSIONS);
  if (kinds.length === 0) return undefined;
  return new Set(
    kinds.flatMap(({ group = GROUP, kind }) => (group === GROUP && typeof kind === 'string' ? [kind] : [])),
  );
}

function namespaceTest(value: unknown, where: string, gateway: Held, draft: PlanDraft): Listener['allows'] {
  const { from = 'Same', selector } = fieldsOf(value ?? {}, where);
  if (from === 'All') return () => true;
  if (from === 'Same') return namespace => namespace === gateway.namespace;
  if (from !== 'Selector') throw new Refusal(`${where}.from ${quoted(String(from))} is none that is known`);
  const holds = selectorOf(selector, `${where}.selector`);
  return namespace => {
    const found = draft.objects.namespaces.get(namespace);
    return found !== undefined && holds(found.labels);
  };
}

/** A LabelSelector: an empty one holds for all. */
function selectorOf(value: unknown, where: string): (labels: Fields) => boolean {
  const { matchLabels, matchExpressions } = fieldsOf(value, where);
  const equal = Object.entries(fieldsOf(matchLabels ?? {}, `${where}.matchLabels`));
  const tests = entriesOf(matchExpressions, `${where}.matchExpressions`, MOST_EXPRESSIONS).map((one, at) =>
    expressionOf(one, `${where}.matchExpressions[${at}]`),
  );
  return labels => equal.every(([key, text]) => labels[key] === text) && tests.every(test => test(labels));
}

function expressionOf({ key, operator, values }: Fields, where: string): (labels: Fields) => boolean {
  const name = textOf(key, `${where}.key`);
  const among: readonly unknown[] = Array.isArray(values) ? values : [];
  if (operator === 'In') return labels => among.includes(labels[name]);
  if (operator === 'NotIn') return labels => !among.includes(labels[name]);
  if (operator === 'Exists') return labels => labels[name] !== undefined;
  if (operator === 'DoesNotExist') return labels => labels[name] === undefined;
  throw new Refusal(`${where}.operator is none that is known`);
}

interface Reference {
  readonly kind: string;
  readonly namespace: string;
}

/** Into another namespace somebody there has to let it (ReferenceGrant). @throws {Refusal} */
export function refuseUngranted(
  from: Reference,
  to: Reference & { readonly name: string },
  { objects }: PlanDraft,
): void {
  if (from.namespace === to.namespace) return;
  for (const grant of objects.referencegrants.values())
    if (grant.namespace === to.namespace && grants(grant, from, to)) return;
  throw new Refusal(
    `no ReferenceGrant of namespace "${quoted(to.namespace)}" lets it name ${to.kind} "${quoted(idOf(to.namespace, to.name))}"`,
  );
}

function grants(grant: Held, from: Reference, to: { readonly kind: string; readonly name: string }): boolean {
  try {
    const spec = specOf(grant);
    return (
      entriesOf(spec['from'], 'from', MOST_GRANTS).some(
        one => one['group'] === GROUP && one['kind'] === from.kind && one['namespace'] === from.namespace,
      ) &&
      entriesOf(spec['to'], 'to', MOST_GRANTS).some(
        one =>
          one['group'] === '' &&
          one['kind'] === to.kind &&
          (one['name'] === undefined || one['name'] === '' || one['name'] === to.name),
      )
    );
  } catch (fault) {
    if (fault instanceof Refusal) return false; // a faulty grant grants nothing
    throw fault;
  }
}

/** Where a route is served: a host on a port. */
export interface Place {
  readonly gateway: Gateway;
  readonly listener: Listener;
  readonly host: string;
}

/**
 * @param hostnames of the route; none: any
 * @throws {Refusal} when no listener takes it
 */
export function placesOf(
  parent: Fields,
  route: Held,
  kind: string,
  hostnames: readonly string[],
  gateways: ReadonlyMap<string, Gateway>,
): Place[] {
  const { namespace = route.namespace, name, sectionName, port } = parent;
  const gateway = gateways.get(
    idOf(textOf(namespace, 'parentRef.namespace'), textOf(name, 'parentRef.name')),
  );
  if (!gateway) return []; // somebody else's
  const named = gateway.listeners.filter(
    one => (sectionName ?? one.name) === one.name && (port ?? one.port) === one.port,
  );
  if (named.length === 0) throw new Refusal(`Gateway ${gateway.id} has no such listener`);
  const open = named.filter(({ allows, kinds }) => allows(route.namespace) && (kinds?.has(kind) ?? true));
  if (open.length === 0) throw new Refusal(`the listeners of Gateway ${gateway.id} do not allow it`);
  const places = open.flatMap(listener =>
    sharedHosts(listener.host, hostnames).map(host => ({ gateway, listener, host })),
  );
  if (places.length === 0)
    throw new Refusal(`no host of it is one of the listeners of Gateway ${gateway.id}`);
  return places.filter(place => !isBetterElsewhere(place));
}

/** Hosts that both have; the narrower one of two that overlap. */
function sharedHosts(listener: string, hostnames: readonly string[]): string[] {
  if (hostnames.length === 0) return [listener];
  if (listener === '') return [...hostnames];
  return hostnames.flatMap(host => {
    if (covers(listener, host)) return [host];
    return covers(host, listener) ? [listener] : [];
  });
}

/** Requests go to the listener that has the narrowest host, and to its routes alone. */
const isBetterElsewhere = ({ gateway, listener, host }: Place): boolean =>
  gateway.listeners.some(
    other =>
      other !== listener &&
      other.port === listener.port &&
      other.host.length > listener.host.length &&
      (other.host === host || covers(other.host, host)),
  );
