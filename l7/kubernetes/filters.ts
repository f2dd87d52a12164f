/** Filters of HTTPRoutes and GRPCRoutes (gateway-api.sigs.k8s.io/reference/spec, HTTPRouteFilter). Pure. */
import type { HeaderChange, PathChange, PlannedRedirect } from '#model/l7/kubernetes.ts';
import type { PathMatch } from '#model/l7/route.ts';
import { type Fields, fieldsOf, listOrNone, quoted, Refusal, textOf } from '../discovery/answer.ts';
import { entriesOf, textOrNone } from './object.ts';
import { changeOf, pathOf, plainHostOf, portOf } from './words.ts';

const MOST_FILTERS = 16;
const MOST_CHANGES = 64;
const REDIRECTS = [301, 302, 303, 307, 308];

export interface RouteFilters {
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  readonly redirect: Omit<PlannedRedirect, 'responseHeaders'> | undefined;
  readonly host: string | undefined;
  readonly path: PathChange | undefined;
  /** Keys of Services. */
  readonly mirrors: readonly string[];
}

const NONE: RouteFilters = {
  ...{ requestHeaders: [], responseHeaders: [], redirect: undefined },
  ...{ host: undefined, path: undefined, mirrors: [] },
};

/** Gives the key of the Service of a `backendRef`. @throws {Refusal} */
type MirrorOf = (value: unknown, where: string) => string;

/** @param path that of the match: a prefix may be replaced @throws {Refusal} also for what is not known: nothing may be skipped */
export function readFilters(
  value: unknown,
  where: string,
  path: PathMatch,
  mirrorOf: MirrorOf,
): RouteFilters {
  let filters = NONE;
  for (const [at, one] of entriesOf(value, where, MOST_FILTERS).entries()) {
    const type = textOf(one['type'], `${where}[${at}].type`);
    const reader = Object.hasOwn(READERS, type) ? READERS[type as keyof typeof READERS] : undefined;
    if (!reader) throw new Refusal(`${where}[${at}]: the filter ${quoted(type)} is not supported`);
    const field = type === 'URLRewrite' ? 'urlRewrite' : `${type[0]!.toLowerCase()}${type.slice(1)}`;
    const place = `${where}[${at}].${field}`;
    filters = { ...filters, ...reader(fieldsOf(one[field], place), place, { filters, path, mirrorOf }) };
  }
  if (filters.redirect && (filters.path || filters.host))
    throw new Refusal(`${where}: a redirect and a rewrite do not go together`);
  return filters;
}

interface About {
  readonly filters: RouteFilters;
  readonly path: PathMatch;
  readonly mirrorOf: MirrorOf;
}

type Reader = (fields: Fields, where: string, about: About) => Partial<RouteFilters>;

const READERS = {
  RequestHeaderModifier: (fields, where, { filters }) => ({
    requestHeaders: [...filters.requestHeaders, ...changesOf(fields, where)],
  }),
  ResponseHeaderModifier: (fields, where, { filters }) => ({
    responseHeaders: [...filters.responseHeaders, ...changesOf(fields, where)],
  }),
  RequestRedirect: (fields, where, { path }) => ({ redirect: redirectOf(fields, where, path) }),
  URLRewrite: ({ hostname, path: change }, where, { path }) => ({
    host: hostname === undefined ? undefined : plainHostOf(hostname, `${where}.hostname`),
    path: pathChangeOf(change, `${where}.path`, path),
  }),
  RequestMirror: ({ backendRef, percent, fraction }, where, { filters, mirrorOf }) => {
    if (percent !== undefined || fraction !== undefined)
      throw new Refusal(`${where}: a part of the requests cannot be mirrored, only all of them`);
    return { mirrors: [...filters.mirrors, mirrorOf(backendRef, `${where}.backendRef`)] };
  },
} as const satisfies Readonly<Record<string, Reader>>;

function changesOf({ set, add, remove }: Fields, where: string): HeaderChange[] {
  const written = (value: unknown, name: string, adds: boolean) =>
    entriesOf(value, `${where}.${name}`, MOST_CHANGES).map((one, at) =>
      changeOf(
        one['name'],
        textOf(one['value'], `${where}.${name}[${at}].value`),
        adds,
        `${where}.${name}[${at}]`,
      ),
    );
  const removed = listOrNone(remove, `${where}.remove`);
  if (removed.length > MOST_CHANGES)
    throw new Refusal(`${where}.remove has more than ${MOST_CHANGES} entries`);
  return [
    ...written(set, 'set', false),
    ...written(add, 'add', true),
    ...removed.map((name, at) => changeOf(name, undefined, false, `${where}.remove[${at}]`)),
  ];
}

function redirectOf(fields: Fields, where: string, path: PathMatch): RouteFilters['redirect'] {
  const { scheme, hostname, port, statusCode = 302 } = fields;
  const wanted = textOrNone(scheme, `${where}.scheme`)?.toLowerCase();
  if (wanted !== undefined && wanted !== 'http' && wanted !== 'https')
    throw new Refusal(`${where}.scheme is neither http nor https`);
  if (typeof statusCode !== 'number' || !REDIRECTS.includes(statusCode))
    throw new Refusal(`${where}.statusCode is none of ${REDIRECTS.join(', ')}`);
  return {
    kind: 'redirect',
    status: statusCode,
    scheme: wanted,
    host: hostname === undefined ? undefined : plainHostOf(hostname, `${where}.hostname`),
    port: port === undefined ? undefined : portOf(port, `${where}.port`),
    path: pathChangeOf(fields['path'], `${where}.path`, path),
  };
}

function pathChangeOf(value: unknown, where: string, matched: PathMatch): PathChange | undefined {
  if (value === undefined || value === null) return undefined;
  const { type, replaceFullPath, replacePrefixMatch } = fieldsOf(value, where);
  if (type === 'ReplaceFullPath')
    return { kind: 'full', path: pathOf(replaceFullPath, `${where}.replaceFullPath`) };
  if (type !== 'ReplacePrefixMatch') throw new Refusal(`${where}.type is none that is known`);
  if (matched.kind !== 'prefix')
    throw new Refusal(`${where}: only a prefix can be replaced, and the match has none`);
  const to = replacePrefixMatch === '' ? '/' : pathOf(replacePrefixMatch, `${where}.replacePrefixMatch`);
  return { kind: 'prefix', from: matched.path, to: to.replace(/\/$/, '') };
}
