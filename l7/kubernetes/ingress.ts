/**
 * Ingresses (networking.k8s.io/v1) into routes. Pure.
 * Facts: kubernetes.io/docs/concepts/services-networking/ingress (path types, wildcards, which path goes first).
 */
import type { PlannedAnswer, PlannedProxy, PlannedRoute } from '#model/l7/kubernetes.ts';
import type { PathMatch } from '#model/l7/route.ts';
import { type Fields, fieldsOf, quoted, Refusal, textOf } from '../discovery/answer.ts';
import { covers, type PlanDraft } from './draft.ts';
import { byAge, entriesOf, type Held, specOf, textOrNone } from './object.ts';
import { hostOf, pathOf, prefixOf } from './words.ts';

const MOST_RULES = 500;
const MOST_PATHS = 1000;
const MOST_TLS = 500;
const OLD_CLASS = 'kubernetes.io/ingress.class';
const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';
/** As other controllers answer where a Service is not there. */
const NO_SERVICE = 503;
const EVERYTHING: PathMatch = { kind: 'prefix', path: '' };

export function planIngresses(draft: PlanDraft): void {
  const isOurs = classTest(draft);
  const ours = [...draft.objects.ingresses.values()].sort(byAge);
  for (const ingress of ours)
    draft.attempt(labelOf(ingress), () => {
      if (isOurs(ingress)) planIngress(ingress, draft);
    });
}

const labelOf = ({ id }: Held) => `Ingress ${id}`;

/** @returns whether an Ingress is for us, by its class, or because it has none and ours is the default one */
function classTest({ model, objects }: PlanDraft): (ingress: Held) => boolean {
  const { controller, ingressClass } = model;
  const classes = [...objects.ingressclasses.values()].filter(
    ({ body }) =>
      controller !== undefined && (body['spec'] as Fields | undefined)?.['controller'] === controller,
  );
  const names = new Set([
    ...classes.map(({ name }) => name),
    ...(ingressClass === undefined ? [] : [ingressClass]),
  ]);
  const isDefault = classes.some(({ annotations }) => annotations[DEFAULT_CLASS] === 'true');
  return ingress => {
    const name = specOf(ingress)['ingressClassName'] ?? ingress.annotations[OLD_CLASS];
    return name === undefined || name === null ? isDefault : typeof name === 'string' && names.has(name);
  };
}

/** Everything is read before anything is planned: one that is faulty leaves nothing behind. */
function planIngress(ingress: Held, draft: PlanDraft): void {
  const spec = specOf(ingress);
  const rules = entriesOf(spec['rules'], 'spec.rules', MOST_RULES).map((rule, at) =>
    readRule(rule, `rules[${at}]`),
  );
  const tls = entriesOf(spec['tls'], 'spec.tls', MOST_TLS).map((one, at) => readTls(one, `tls[${at}]`));
  const last = spec['defaultBackend'] ?? undefined;
  const fallback =
    last === undefined ? [] : [{ path: EVERYTHING, backend: readBackend(last, 'defaultBackend') }];
  if (rules.length === 0 && fallback.length === 0)
    throw new Refusal('it has neither rules nor a default backend');
  const all = rules.length > 0 ? rules : [{ host: '', paths: [] }];
  for (const { host, paths } of all)
    draft.attempt(labelOf(ingress), () => {
      const planned = draft.host(host, undefined, draft.model.sharesHosts ? 'all' : ingress.namespace);
      for (const one of [...paths, ...fallback]) draft.addRoute(planned, routeOf(one, host, ingress, draft));
      const wanted = tls.filter(
        ({ hosts, secret }) =>
          secret !== '' && (hosts.length === 0 || hosts.some(name => covers(name, host))),
      );
      for (const { secret } of wanted)
        draft.attempt(labelOf(ingress), () =>
          planned.certificates.add(draft.certificate(ingress.namespace, secret)),
        );
    });
}

interface Backend {
  readonly name: string;
  readonly port: string | number;
}

interface Path {
  readonly path: PathMatch;
  readonly backend: Backend;
}

function readRule(rule: Fields, where: string): { readonly host: string; readonly paths: readonly Path[] } {
  const host = textOrNone(rule['host'], `${where}.host`) ?? '';
  const http = fieldsOf(rule['http'] ?? {}, `${where}.http`);
  const paths = entriesOf(http['paths'], `${where}.http.paths`, MOST_PATHS);
  return {
    host: host === '' ? '' : hostOf(host, `${where}.host`),
    paths: paths.map((path, at) => readPath(path, `${where}.http.paths[${at}]`)),
  };
}

function readPath({ path, pathType, backend }: Fields, where: string): Path {
  const text = path === undefined || path === '' ? '/' : path;
  const kind = textOf(pathType, `${where}.pathType`);
  if (kind !== 'Exact' && kind !== 'Prefix' && kind !== 'ImplementationSpecific')
    throw new Refusal(`${where}.pathType "${quoted(kind)}" is none that is known`);
  return {
    path:
      kind === 'Exact'
        ? { kind: 'exact', path: pathOf(text, `${where}.path`) }
        : prefixOf(text, `${where}.path`),
    backend: readBackend(backend, `${where}.backend`),
  };
}

function readBackend(value: unknown, where: string): Backend {
  const { service, resource } = fieldsOf(value, where);
  if (resource !== undefined && resource !== null) throw new Refusal(`${where}: only Services are supported`);
  const { name, port } = fieldsOf(service, `${where}.service`);
  const { name: portName, number } = fieldsOf(port ?? {}, `${where}.service.port`);
  const wanted = typeof number === 'number' ? number : textOf(portName, `${where}.service.port.name`);
  return { name: textOf(name, `${where}.service.name`), port: wanted };
}

function readTls({ hosts, secretName }: Fields, where: string) {
  const names = Array.isArray(hosts) ? hosts : [];
  return {
    hosts: names.map((host, at) => hostOf(host, `${where}.hosts[${at}]`)),
    secret: textOrNone(secretName, `${where}.secretName`) ?? '',
  };
}

function routeOf({ path, backend }: Path, host: string, ingress: Held, draft: PlanDraft): PlannedRoute {
  // A wildcard of an Ingress stands for one label, and a name of a server for any number.
  const hostLabels = host.startsWith('*.') ? host.split('.').length : undefined;
  return {
    label: labelOf(ingress),
    match: { path, method: undefined, headers: [], query: [], hostLabels },
    answers: [{ weight: 1, answer: answerOf(backend, ingress, draft) }],
  };
}

function answerOf({ name, port }: Backend, ingress: Held, draft: PlanDraft): PlannedAnswer {
  let answer: PlannedAnswer = { kind: 'status', status: NO_SERVICE };
  draft.attempt(labelOf(ingress), () => {
    answer = plainProxy(draft.backend(ingress.namespace, name, port));
  });
  return answer;
}

export const plainProxy = ({ service, http2 }: Pick<PlannedProxy, 'service' | 'http2'>): PlannedProxy => ({
  ...{ kind: 'proxy', service, http2, requestHeaders: [], responseHeaders: [] },
  ...{ host: undefined, path: undefined, mirrors: [] },
});
