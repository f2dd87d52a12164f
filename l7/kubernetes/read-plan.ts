/** A plan that was kept on the disk, or made by a process without rights: read word by word, so that nothing but routes can come of it. */
import { regexOf } from '#kit/pcre.ts';
import type {
  HeaderChange,
  PathChange,
  PlannedAnswer,
  PlannedCertificate,
  PlannedHost,
  PlannedProxy,
  PlannedRoute,
  PlannedService,
  RoutePlan,
} from '#model/l7/kubernetes.ts';
import type { FieldMatch, PathMatch, RouteMatch } from '#model/l7/route.ts';
import type { Pattern } from '#model/template.ts';
import { fieldsOf, listOf, Refusal, textOf, wholeOf } from '../discovery/answer.ts';
import { fitTogether } from './draft.ts';
import { changeOf, hostOf, plainHostOf, portOf, printableOf, tokenOf } from './words.ts';

const MOST_TEXT = 2000;
const MOST_WEIGHT = 1_000_000;
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** @throws {Refusal} when it is no plan */
export function readPlan(value: unknown): RoutePlan {
  const { hosts, services, certificates, problems } = fieldsOf(value, 'the plan');
  return {
    hosts: listOf(hosts, 'hosts').map(readHost),
    services: listOf(services, 'services').map(readService),
    certificates: listOf(certificates, 'certificates').map(readCertificate),
    problems: listOf(problems, 'problems').map(one => {
      const { object, reason } = fieldsOf(one, 'a problem');
      return { object: textIn(object, 'object'), reason: textIn(reason, 'reason') };
    }),
  };
}

function textIn(value: unknown, where: string): string {
  const text = textOf(value, where);
  if (text.length > MOST_TEXT) throw new Refusal(`${where} is too long`);
  return text;
}

const optional = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  value === undefined || value === null ? undefined : read(value);

function nameIn(value: unknown, where: string): string {
  const name = textOf(value, where);
  if (!NAME.test(name)) throw new Refusal(`${where} is no name`);
  return name;
}

function readService(value: unknown): PlannedService {
  const { key, namespace, name, port } = fieldsOf(value, 'a service');
  return {
    key: textIn(key, 'key'),
    namespace: nameIn(namespace, 'namespace'),
    name: nameIn(name, 'name'),
    port: optional(port, text => nameIn(text, 'port')),
  };
}

function readCertificate(value: unknown): PlannedCertificate {
  const { name, certificate, key } = fieldsOf(value, 'a certificate');
  const pair = {
    name: textIn(name, 'name'),
    certificate: textOf(certificate, 'certificate'),
    key: textOf(key, 'key'),
  };
  if (!fitTogether(pair.certificate, pair.key)) throw new Refusal('a certificate is without its key');
  return pair;
}

function readHost(value: unknown): PlannedHost {
  const { host, listen, certificates, routes } = fieldsOf(value, 'a host');
  return {
    host: host === '' ? '' : hostOf(host, 'host'),
    listen: optional(listen, one => {
      const { port, tls } = fieldsOf(one, 'listen');
      return { port: portOf(port, 'port'), tls: tls === true };
    }),
    certificates: listOf(certificates, 'certificates').map(name => textIn(name, 'a certificate')),
    routes: listOf(routes, 'routes').map(readRoute),
  };
}

function readRoute(value: unknown): PlannedRoute {
  const { label, match, answers } = fieldsOf(value, 'a route');
  return {
    label: textIn(label, 'label'),
    match: readMatch(match),
    answers: listOf(answers, 'answers').map(one => {
      const { weight, answer } = fieldsOf(one, 'an answer');
      return { weight: wholeOf(weight, 'weight', 1, MOST_WEIGHT), answer: readAnswer(answer) };
    }),
  };
}

function readMatch(value: unknown): RouteMatch {
  const { path, method, headers, query, hostLabels } = fieldsOf(value, 'match');
  return {
    path: readPath(path),
    method: optional(method, text => tokenOf(text, 'method')),
    headers: listOf(headers, 'headers').map(one => readField(one, name => tokenOf(name, 'name'))),
    query: listOf(query, 'query').map(one => readField(one, name => printableOf(name, 'name'))),
    hostLabels: optional(hostLabels, number => wholeOf(number, 'hostLabels', 1, 128)),
  };
}

function readPath(value: unknown): PathMatch {
  const { kind, path, pattern } = fieldsOf(value, 'path');
  if (kind === 'regex') return { kind, pattern: readPattern(pattern) };
  if (kind !== 'exact' && kind !== 'prefix') throw new Refusal('path.kind is none that is known');
  return { kind, path: textIn(path, 'path') };
}

function readField(value: unknown, nameOf: (name: unknown) => string): FieldMatch {
  const { name, value: wanted } = fieldsOf(value, 'a field');
  return {
    name: nameOf(name),
    value: typeof wanted === 'string' ? printableOf(wanted, 'value') : readPattern(wanted),
  };
}

function readPattern(value: unknown): Pattern {
  const { source, flags, groups } = fieldsOf(value, 'a pattern');
  const text = textIn(source, 'source');
  if (flags !== '' && flags !== 'i') throw new Refusal('flags are none that are known');
  try {
    regexOf({ source: text, flags });
  } catch {
    throw new Refusal('a pattern does not compile'); // the engine's message quotes it
  }
  const numbers = optional(groups, list =>
    listOf(list, 'groups').map(one => wholeOf(one, 'a group', 0, 10_000)),
  );
  return { source: text, flags, names: [], ...(numbers && { groups: numbers }) };
}

function readAnswer(value: unknown): PlannedAnswer {
  const fields = fieldsOf(value, 'answer');
  if (fields['kind'] === 'status')
    return { kind: 'status', status: wholeOf(fields['status'], 'status', 400, 599) };
  if (fields['kind'] === 'proxy') return readProxy(fields);
  if (fields['kind'] !== 'redirect') throw new Refusal('answer.kind is none that is known');
  const { status, scheme, host, port, path, responseHeaders } = fields;
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    throw new Refusal('scheme is none that is known');
  return {
    kind: 'redirect',
    status: wholeOf(status, 'status', 301, 308),
    scheme,
    host: optional(host, text => plainHostOf(text, 'host')),
    port: optional(port, number => portOf(number, 'port')),
    path: optional(path, readChange),
    responseHeaders: readHeaders(responseHeaders, 'responseHeaders'),
  };
}

const readProxy = (fields: Readonly<Record<string, unknown>>): PlannedProxy => ({
  kind: 'proxy',
  service: optional(fields['service'], text => textIn(text, 'service')),
  http2: fields['http2'] === true,
  requestHeaders: readHeaders(fields['requestHeaders'], 'requestHeaders'),
  responseHeaders: readHeaders(fields['responseHeaders'], 'responseHeaders'),
  host: optional(fields['host'], text => plainHostOf(text, 'host')),
  path: optional(fields['path'], readChange),
  mirrors: listOf(fields['mirrors'], 'mirrors').map(text => textIn(text, 'a mirror')),
});

const readHeaders = (value: unknown, where: string): HeaderChange[] =>
  listOf(value, where).map(one => {
    const { name, value: text, adds } = fieldsOf(one, where);
    return changeOf(name, text, adds === true, where);
  });

function readChange(value: unknown): PathChange {
  const { kind, path, from, to } = fieldsOf(value, 'a change of the path');
  if (kind === 'full') return { kind, path: textIn(path, 'path') };
  if (kind !== 'prefix') throw new Refusal('a change of the path is none that is known');
  return { kind, from: textIn(from, 'from'), to: textIn(to, 'to') };
}
