/** What is planned so far: hosts with their routes, the Services and certificates that they need, and what is left out. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type {
  KubernetesModel,
  PlannedCertificate,
  PlannedHost,
  PlannedRoute,
  PlannedService,
  RoutePlan,
  RouteProblem,
} from '#model/l7/kubernetes.ts';
import { fieldsOf, quoted, Refusal, textOf } from '../discovery/answer.ts';
import { entriesOf, type Held, idOf, type Objects, specOf, textOrNone } from './object.ts';

const MOST_PROBLEMS = 1000;
const MOST_SERVICES = 2000;
export const MOST_ROUTES = 20_000;
const MOST_PORTS = 1000;
const MOST_REASON = 300;

interface HostDraft {
  readonly host: string;
  readonly listen: PlannedHost['listen'];
  /** Who has it: nobody else may add to it. */
  readonly owner: string;
  readonly certificates: Set<string>;
  readonly routes: PlannedRoute[];
}

export interface Backend {
  readonly service: string;
  readonly http2: boolean;
}

export class PlanDraft {
  readonly model: KubernetesModel;
  readonly objects: Objects;
  readonly #hosts = new Map<string, HostDraft>();
  readonly #services = new Map<string, PlannedService>();
  readonly #certificates = new Map<string, PlannedCertificate>();
  readonly #problems: RouteProblem[] = [];
  #routes = 0;

  constructor(model: KubernetesModel, objects: Objects) {
    this.model = model;
    this.objects = objects;
  }

  /** Does something with an object; a refusal leaves that one out, and is told of. */
  attempt(object: string, work: () => void): void {
    try {
      work();
    } catch (fault) {
      if (!(fault instanceof Refusal)) throw fault;
      this.complain(object, fault.message);
    }
  }

  complain(object: string, reason: string): void {
    if (this.#problems.length < MOST_PROBLEMS)
      this.#problems.push({ object: quoted(object), reason: reason.slice(0, MOST_REASON) });
  }

  /**
   * @param owner a namespace or a Gateway: the first one has the host
   * @throws {Refusal} when objects may not have it
   */
  host(host: string, listen: PlannedHost['listen'], owner: string): HostDraft {
    const key = `${host} ${listen ? `${listen.port} ${listen.tls}` : ''}`;
    const known = this.#hosts.get(key);
    if (known && known.owner !== owner) throw new Refusal(`the host "${host}" belongs to ${known.owner}`);
    if (known) return known;
    const { hosts } = this.model;
    if (hosts.length > 0 && !hosts.some(pattern => covers(pattern, host)))
      throw new Refusal(`the host "${host}" is none of those that the configuration allows (hosts=)`);
    const draft = { host, listen, owner, certificates: new Set<string>(), routes: [] };
    this.#hosts.set(key, draft);
    return draft;
  }

  /** One more than may be is told of once, and left out as all that follow. */
  addRoute({ routes }: HostDraft, route: PlannedRoute): void {
    this.#routes++;
    if (this.#routes <= MOST_ROUTES) routes.push(route);
    else if (this.#routes === MOST_ROUTES + 1)
      this.complain(
        route.label,
        `all objects together have more than ${MOST_ROUTES} routes: the others are left out`,
      );
  }

  /** @param port its name or its number @throws {Refusal} with the reason when it cannot be sent to */
  backend(namespace: string, name: string, port: string | number): Backend {
    const id = idOf(namespace, name);
    const service = this.objects.services.get(id);
    if (!service) throw new Refusal(`there is no Service "${quoted(id)}"`);
    const spec = specOf(service);
    // A name outside of the cluster would make moat a way to wherever a tenant likes.
    if (spec['type'] === 'ExternalName') throw new Refusal(`Service "${id}" is an ExternalName`);
    const ports = entriesOf(spec['ports'], `Service ${id}: ports`, MOST_PORTS);
    const found = ports.find(one => one[typeof port === 'number' ? 'port' : 'name'] === port);
    if (!found) throw new Refusal(`Service "${id}" has no port ${quoted(`${port}`)}`);
    if ((found['protocol'] ?? 'TCP') !== 'TCP')
      throw new Refusal(`port ${port} of Service "${id}" is not TCP`);
    return {
      service: this.#service(service, textOrNone(found['name'], 'name'), Number(found['port'])),
      http2: speaksHttp2(textOrNone(found['appProtocol'], 'appProtocol'), id),
    };
  }

  #service({ namespace, name, id }: Held, portName: string | undefined, number: number): string {
    const key = `${id}/${portName ?? number}`;
    if (!this.#services.has(key) && this.#services.size === MOST_SERVICES)
      throw new Refusal(`all objects together name more than ${MOST_SERVICES} ports of Services`);
    this.#services.set(key, { key, namespace, name, port: portName });
    return key;
  }

  /** @returns its name in the plan @throws {Refusal} with the reason when it cannot be shown */
  certificate(namespace: string, name: string): string {
    const id = idOf(namespace, name);
    if (!this.model.readsSecrets) throw new Refusal(`Secret "${id}" is not read (no_secrets)`);
    const secret = this.objects.secrets.get(id);
    if (!secret) throw new Refusal(`there is no Secret "${quoted(id)}" of type kubernetes.io/tls`);
    if (!this.#certificates.has(id)) this.#certificates.set(id, pairOf(secret));
    return id;
  }

  finish(): RoutePlan {
    const hosts = [...this.#hosts.values()].map(({ host, listen, certificates, routes }) => {
      return { host, listen, certificates: [...certificates], routes };
    });
    return {
      hosts,
      services: [...this.#services.values()],
      certificates: [...this.#certificates.values()],
      problems: this.#problems,
    };
  }
}

/** Whether a host, or all that a wildcard stands for, is among those of a pattern. */
export const covers = (pattern: string, host: string): boolean =>
  pattern === host || (pattern.startsWith('*.') && host.replace(/^\*/, 'x').endsWith(pattern.slice(1)));

/** @throws {Refusal} when it wants what moat does not speak to it */
function speaksHttp2(appProtocol: string | undefined, id: string): boolean {
  if (appProtocol === 'https') throw new Refusal(`Service "${id}" wants TLS (appProtocol https)`);
  return appProtocol === 'kubernetes.io/h2c' || appProtocol === 'grpc';
}

/** Read once: whoever makes plans anew for another object need not look at all certificates again. */
const PAIRS = new WeakMap<Held, PlannedCertificate>();

function pairOf(secret: Held): PlannedCertificate {
  const known = PAIRS.get(secret);
  if (known) return known;
  const { body, id } = secret;
  if (body['type'] !== 'kubernetes.io/tls')
    throw new Refusal(`Secret "${id}" is not of type kubernetes.io/tls`);
  const data = fieldsOf(body['data'] ?? {}, `Secret ${id}: data`);
  const certificate = pemOf(data['tls.crt'], `Secret ${id}: tls.crt`);
  const key = pemOf(data['tls.key'], `Secret ${id}: tls.key`);
  if (!fitTogether(certificate, key)) throw new Refusal(`Secret "${id}" holds no certificate with its key`);
  const pair = { name: id, certificate, key };
  PAIRS.set(secret, pair);
  return pair;
}

const pemOf = (value: unknown, where: string): string =>
  Buffer.from(textOf(value, where), 'base64').toString('latin1');

/** Of what the fault is nothing is said: it may quote the key. */
export function fitTogether(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
