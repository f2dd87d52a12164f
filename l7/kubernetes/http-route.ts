/**
 * HTTPRoutes and GRPCRoutes (gateway.networking.k8s.io/v1) into routes. Pure.
 * Facts: gateway-api.sigs.k8s.io/reference/spec (HTTPRouteRule, HTTPRouteMatch and the order of matches, HTTPBackendRef).
 */
import type { KubernetesModel, PlannedAnswer, PlannedRoute } from '#model/l7/kubernetes.ts';
import type { FieldMatch, PathMatch, RouteMatch } from '#model/l7/route.ts';
import { type Fields, fieldsOf, listOrNone, quoted, Refusal, textOf, wholeOf } from '../discovery/answer.ts';
import { MOST_ROUTES, type PlanDraft } from './draft.ts';
import { type RouteFilters, readFilters } from './filters.ts';
import { type Gateway, GROUP, listenOf, placesOf, readGateways, refuseUngranted } from './gateway.ts';
import { byAge, compare, entriesOf, type Held, specOf, textOrNone } from './object.ts';
import { hostOf, pathOf, patternOf, portOf, prefixOf, printableOf, tokenOf } from './words.ts';

const MOST_OF_ONE = 5000;
const MOST_HOSTS = 64;
const MOST_PARENTS = 64;
const MOST_RULES = 64;
const MOST_MATCHES = 256;
const MOST_FIELDS = 32;
const MOST_BACKENDS = 64;
const MOST_WEIGHT = 1_000_000;
/** What the specification answers where there is no good backend, or a filter that is not known. */
const NO_BACKEND = 500;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

type RouteKind = 'HTTPRoute' | 'GRPCRoute';

/** A match with its route, until all are known and in order. */
interface Candidate {
  readonly planned: { readonly routes: PlannedRoute[] } & Parameters<PlanDraft['addRoute']>[0];
  readonly object: Held;
  readonly rank: readonly number[];
  readonly route: PlannedRoute;
}

export function planGateways(draft: PlanDraft): void {
  const gateways = readGateways(draft);
  const candidates: Candidate[] = [];
  for (const kind of ['HTTPRoute', 'GRPCRoute'] as const) {
    const objects = kind === 'HTTPRoute' ? draft.objects.httproutes : draft.objects.grpcroutes;
    for (const object of [...objects.values()].sort(byAge))
      draft.attempt(`${kind} ${object.id}`, () =>
        candidates.push(...candidatesOf(object, kind, gateways, draft, MOST_ROUTES - candidates.length)),
      );
  }
  for (const { planned, route } of candidates.sort(byPrecedence)) draft.addRoute(planned, route);
}

/** Which of two goes first where paths are equally good: more words of a request first, then the oldest, then by name. */
function byPrecedence(a: Candidate, b: Candidate): number {
  for (let at = 0; at < 3; at++) if (a.rank[at] !== b.rank[at]) return b.rank[at]! - a.rank[at]!;
  return byAge(a.object, b.object) || compare(a.route.label, b.route.label) || a.rank[3]! - b.rank[3]!;
}

function candidatesOf(
  object: Held,
  kind: RouteKind,
  gateways: ReadonlyMap<string, Gateway>,
  draft: PlanDraft,
  most: number,
): Candidate[] {
  const spec = specOf(object);
  const label = `${kind} ${object.id}`;
  const names = listOrNone(spec['hostnames'], 'spec.hostnames');
  if (names.length > MOST_HOSTS) throw new Refusal(`spec.hostnames has more than ${MOST_HOSTS} entries`);
  const hostnames = names.map((host, at) => hostOf(host, `hostnames[${at}]`));
  const parents = entriesOf(spec['parentRefs'], 'spec.parentRefs', MOST_PARENTS).filter(
    ({ group = GROUP, kind: parent = 'Gateway' }) => group === GROUP && parent === 'Gateway',
  );
  const places = new Map<string, ReturnType<typeof placesOf>[number]>();
  for (const parent of parents)
    draft.attempt(label, () => {
      for (const place of placesOf(parent, object, kind, hostnames, gateways))
        places.set(`${place.gateway.id} ${place.listener.port} ${place.listener.tls} ${place.host}`, place);
    });
  if (places.size === 0) return []; // before it is read: others' routes are none of our business
  const routes = entriesOf(spec['rules'], 'spec.rules', MOST_RULES).flatMap((rule, at) =>
    routesOf(rule, at, { object, kind, label, draft }),
  );
  // Before they are made: hosts times matches is more than memory has.
  const count = routes.length * places.size;
  if (count > MOST_OF_ONE)
    throw new Refusal(`it makes ${count} routes, and ${MOST_OF_ONE} are the most of one object`);
  if (count > most)
    throw new Refusal(`all objects together have more than ${MOST_ROUTES} routes: it is left out`);
  const candidates: Candidate[] = [];
  for (const { gateway, listener, host } of places.values())
    draft.attempt(label, () => {
      const planned = draft.host(host, listenOf(listener), gateway.id);
      for (const name of listener.certificates) planned.certificates.add(name);
      candidates.push(...routes.map(({ route, rank }) => ({ planned, object, rank, route })));
    });
  return candidates;
}

interface Reading {
  readonly object: Held;
  readonly kind: RouteKind;
  readonly label: string;
  readonly draft: PlanDraft;
}

function routesOf(rule: Fields, at: number, reading: Reading): Pick<Candidate, 'route' | 'rank'>[] {
  const { kind, label, draft } = reading;
  const where = `rules[${at}]`;
  const written = entriesOf(rule['matches'], `${where}.matches`, MOST_MATCHES);
  const matches = (written.length > 0 ? written : [{}]).map((match, n) =>
    (kind === 'HTTPRoute' ? readMatch : readGrpcMatch)(match, `${where}.matches[${n}]`, draft.model),
  );
  for (const word of ['timeouts', 'retry', 'sessionPersistence'])
    if (rule[word] !== undefined)
      draft.complain(`${label} ${at}`, `${where}.${word} is not supported, and has no effect`);
  return matches.map((match, n) => ({
    rank: [
      match.method === undefined ? 0 : 1,
      match.headers.length,
      match.query.length,
      at * MOST_MATCHES + n,
    ],
    route: { label: `${label} ${at}`, match, answers: answersOf(rule, match.path, where, reading) },
  }));
}

function readMatch(
  { path, method, headers, queryParams }: Fields,
  where: string,
  model: KubernetesModel,
): RouteMatch {
  const verb = textOrNone(method, `${where}.method`);
  if (verb !== undefined && !METHODS.has(verb))
    throw new Refusal(`${where}.method "${quoted(verb)}" is none that is known`);
  return {
    path: readPath(path ?? {}, `${where}.path`, model),
    method: verb,
    headers: readFields(headers, `${where}.headers`, model, name => tokenOf(name, 'a name').toLowerCase()),
    query: readFields(queryParams, `${where}.queryParams`, model, name => printableOf(name, 'a name')),
    hostLabels: undefined,
  };
}

function readPath(path: unknown, where: string, model: KubernetesModel): PathMatch {
  const { type = 'PathPrefix', value = '/' } = fieldsOf(path, where);
  if (type === 'Exact') return { kind: 'exact', path: pathOf(value, `${where}.value`) };
  if (type === 'PathPrefix') return prefixOf(value, `${where}.value`);
  if (type !== 'RegularExpression') throw new Refusal(`${where}.type is none that is known`);
  return { kind: 'regex', pattern: patternOf(value, `${where}.value`, model.allowsRegex) };
}

/** Of several for one name the first counts. */
function readFields(
  value: unknown,
  where: string,
  model: KubernetesModel,
  nameOf: (name: unknown) => string,
): FieldMatch[] {
  const fields = new Map<string, FieldMatch>();
  for (const [at, one] of entriesOf(value, where, MOST_FIELDS).entries()) {
    const name = nameOf(one['name']);
    const { type = 'Exact' } = one;
    if (type !== 'Exact' && type !== 'RegularExpression')
      throw new Refusal(`${where}[${at}].type is none that is known`);
    const place = `${where}[${at}].value`;
    const wanted =
      type === 'Exact' ? printableOf(one['value'], place) : patternOf(one['value'], place, model.allowsRegex);
    if (!fields.has(name)) fields.set(name, { name, value: wanted });
  }
  return [...fields.values()];
}

/** A call is a POST to `/package.Service/Method`. */
function readGrpcMatch({ method, headers }: Fields, where: string, model: KubernetesModel): RouteMatch {
  const { type = 'Exact', service, method: call } = fieldsOf(method ?? {}, `${where}.method`);
  if (type !== 'Exact')
    throw new Refusal(`${where}.method.type ${quoted(String(type))} is not supported: Exact is`);
  const name = textOrNone(service, `${where}.method.service`);
  const verb = textOrNone(call, `${where}.method.method`);
  if (name === undefined && verb !== undefined)
    throw new Refusal(`${where}.method has a method without its service`);
  for (const word of [name, verb])
    if (word !== undefined && !/^[A-Za-z_][\w.]{0,1022}$/.test(word))
      throw new Refusal(`${where}.method "${quoted(word)}" is no name`);
  const path: PathMatch =
    verb !== undefined
      ? { kind: 'exact', path: `/${name}/${verb}` }
      : { kind: 'prefix', path: name === undefined ? '' : `/${name}` };
  const fields = readFields(headers, `${where}.headers`, model, one => tokenOf(one, 'a name').toLowerCase());
  return { path, method: undefined, headers: fields, query: [], hostLabels: undefined };
}

function answersOf(rule: Fields, path: PathMatch, where: string, reading: Reading): PlannedRoute['answers'] {
  const { draft, label } = reading;
  const failed: PlannedAnswer = { kind: 'status', status: NO_BACKEND };
  let answers: PlannedRoute['answers'] = [{ weight: 1, answer: failed }];
  // A rule whose filters cannot be done must not go on without them.
  draft.attempt(label, () => {
    const filters = readFilters(rule['filters'], `${where}.filters`, path, mirrorOf(reading));
    if (filters.redirect) {
      answers = [{ weight: 1, answer: { ...filters.redirect, responseHeaders: filters.responseHeaders } }];
      return;
    }
    const backends = entriesOf(rule['backendRefs'], `${where}.backendRefs`, MOST_BACKENDS);
    const shares = backends.map((backend, n) => {
      const place = `${where}.backendRefs[${n}]`;
      const weight = wholeOf(backend['weight'] ?? 1, `${place}.weight`, 0, MOST_WEIGHT);
      return { weight, answer: shareOf(backend, place, filters, path, reading) };
    });
    const some = shares.filter(({ weight }) => weight > 0);
    if (some.length > 0) answers = some;
    else draft.complain(label, `${where} has no backend with a weight: its requests end with ${NO_BACKEND}`);
  });
  return answers;
}

/** One that cannot be sent to fails for its share of the requests. */
function shareOf(
  backend: Fields,
  where: string,
  filters: RouteFilters,
  path: PathMatch,
  reading: Reading,
): PlannedAnswer {
  let answer: PlannedAnswer = { kind: 'status', status: NO_BACKEND };
  reading.draft.attempt(reading.label, () => {
    const own = readFilters(backend['filters'], `${where}.filters`, path, mirrorOf(reading));
    if (own.redirect || own.path || own.host) throw new Refusal(`${where}: this filter is for rules only`);
    const { service, http2 } = backendOf(backend, where, reading);
    answer = {
      kind: 'proxy',
      service,
      http2: http2 || reading.kind === 'GRPCRoute',
      requestHeaders: [...filters.requestHeaders, ...own.requestHeaders],
      responseHeaders: [...own.responseHeaders, ...filters.responseHeaders],
      host: filters.host,
      path: filters.path,
      mirrors: [...filters.mirrors, ...own.mirrors],
    };
  });
  return answer;
}

function backendOf(backend: Fields, where: string, { object, kind, draft }: Reading) {
  const { group = '', kind: target = 'Service', name, namespace = object.namespace, port } = backend;
  if (group !== '' || target !== 'Service') throw new Refusal(`${where} is no Service`);
  const to = { namespace: textOf(namespace, `${where}.namespace`), name: textOf(name, `${where}.name`) };
  refuseUngranted({ kind, namespace: object.namespace }, { kind: 'Service', ...to }, draft);
  return draft.backend(to.namespace, to.name, portOf(port, `${where}.port`));
}

const mirrorOf = (reading: Reading) => (value: unknown, where: string) =>
  backendOf(fieldsOf(value, where), where, reading).service;
