/** Routes as locations of the server that they are served with: its settings, and what objects ask beside them. Pure. */
import type { LocationModel, ServerModel } from '#model/l7/http.ts';
import type {
  HeaderChange,
  PathChange,
  PlannedAnswer,
  PlannedHost,
  PlannedProxy,
  PlannedRedirect,
  PlannedRoute,
} from '#model/l7/kubernetes.ts';
import type { HeaderTemplate } from '#model/l7/proxy.ts';
import type { RewriteStep } from '#model/l7/rewrite.ts';
import type { Settings } from '#model/l7/settings.ts';
import type { Pattern, Template } from '#model/template.ts';
import { escapePath } from '../wire/h1/uri.ts';
import { CONNECTION, UPGRADE } from './connection.ts';

const variable = (name: string): Template => [{ variable: name }];

/** What servers learn of clients, unless the server block says it by proxy_set_header. */
const USUAL_HEADERS: readonly HeaderTemplate[] = [
  { name: 'Host', value: variable('http_host') },
  { name: 'X-Real-IP', value: variable('remote_addr') },
  { name: 'X-Forwarded-For', value: variable('proxy_add_x_forwarded_for') },
  { name: 'X-Forwarded-Host', value: variable('http_host') },
  { name: 'X-Forwarded-Proto', value: variable('scheme') },
  { name: 'Upgrade', value: variable(UPGRADE) },
  { name: 'Connection', value: variable(CONNECTION) },
];

/** With these a server could send a request to locations that are not for clients. */
const IGNORED_ORDERS = [
  ...['X-Accel-Redirect', 'X-Accel-Expires', 'X-Accel-Limit-Rate'],
  ...['X-Accel-Buffering', 'X-Accel-Charset'],
];

/** No client can ask for it: the locations below are internal. */
const MIRROR_PATH = '/.moat/mirror/';

export class LocationMaker {
  readonly #template: ServerModel;
  /** Names of pools by keys of services. */
  readonly #pools: ReadonlyMap<string, string>;
  /** Routes that ask the same have one object among them: they cross to the workers once. */
  readonly #settings = new Map<string, Settings>();

  constructor(template: ServerModel, pools: ReadonlyMap<string, string>) {
    this.#template = template;
    this.#pools = pools;
  }

  /** The inside of a server: routes, then what the operator has written; what neither takes is not there. */
  root(routes: readonly PlannedRoute[], listen?: PlannedHost['listen']): LocationModel {
    const { root } = this.#template;
    const mirrors = new Set(
      routes.flatMap(({ answers }) =>
        answers.flatMap(({ answer }) => (answer.kind === 'proxy' ? answer.mirrors : [])),
      ),
    );
    const isWhole = root.locations.some(({ match }) => match.kind === 'prefix' && match.uri === '/');
    return {
      ...root,
      locations: [
        ...routes.map(route => this.#route(route, listen)),
        ...[...mirrors].map(service => this.#mirror(service)),
        ...root.locations,
        ...(isWhole ? [] : [this.#nothing()]),
      ],
    };
  }

  #location(own: Partial<LocationModel> & Pick<LocationModel, 'match' | 'label'>): LocationModel {
    const { root, site } = this.#template;
    return {
      ...{ site, settings: root.settings, rewrite: [], content: { kind: 'static' }, internal: false },
      ...{ tryFiles: undefined, autoRedirect: false, limitExcept: undefined, conditional: [], locations: [] },
      ...own,
    };
  }

  #nothing(): LocationModel {
    return this.#location({ match: { kind: 'prefix', uri: '/' }, label: '/', rewrite: [status(404)] });
  }

  #route({ label, match, answers }: PlannedRoute, listen: PlannedHost['listen']): LocationModel {
    const shares = answers.map(({ weight, answer }) => ({
      ...this.#answer(answer, label, listen),
      match: { kind: 'share' as const, weight },
    }));
    return this.#location({ match: { kind: 'route', route: match }, label, locations: shares });
  }

  #answer(answer: PlannedAnswer, label: string, listen: PlannedHost['listen']): LocationModel {
    const match = { kind: 'none' as const };
    if (answer.kind === 'status') return this.#location({ match, label, rewrite: [status(answer.status)] });
    if (answer.kind === 'redirect') {
      const settings = this.#settingsOf({ ...NOTHING, responseHeaders: answer.responseHeaders });
      return this.#location({ match, label, settings, rewrite: redirectSteps(answer, listen) });
    }
    const pool = answer.service === undefined ? undefined : this.#pools.get(answer.service);
    if (pool === undefined) return this.#location({ match, label, rewrite: [status(500)] });
    return this.#location({
      ...{ match, label, settings: this.#settingsOf(answer) },
      rewrite: answer.path ? rewriteSteps(answer.path) : [],
      content: contentOf(pool),
    });
  }

  #mirror(service: string): LocationModel {
    return this.#location({
      match: { kind: 'exact', uri: MIRROR_PATH + service },
      label: `mirror ${service}`,
      settings: this.#settingsOf(NOTHING),
      internal: true,
      content: contentOf(this.#pools.get(service) ?? '', true),
    });
  }

  #settingsOf({ http2, requestHeaders, responseHeaders, host, mirrors }: Asked): Settings {
    const key = JSON.stringify([http2, requestHeaders, responseHeaders, host, mirrors]);
    const known = this.#settings.get(key);
    if (known) return known;
    const { settings } = this.#template.root;
    const { proxy, headers } = settings;
    const replaced = responseHeaders.filter(({ adds }) => !adds).map(({ name }) => name);
    const made: Settings = {
      ...settings,
      proxy: {
        ...proxy,
        ...(http2 && { httpVersion: '2' as const, passTrailers: true }),
        setHeaders: headersFor(proxy.setHeaders, requestHeaders, host),
        hideHeaders: [...proxy.hideHeaders, ...replaced],
        ignoreHeaders: [...proxy.ignoreHeaders, ...IGNORED_ORDERS],
      },
      headers: { ...headers, added: [...headers.added, ...addedOf(responseHeaders)] },
      ...(mirrors.length > 0 && {
        mirror: { targets: mirrors.map(service => MIRROR_PATH + service), requestBody: true },
      }),
    };
    this.#settings.set(key, made);
    return made;
  }
}

type Asked = Pick<PlannedProxy, 'http2' | 'requestHeaders' | 'responseHeaders' | 'host' | 'mirrors'>;
const NOTHING: Asked = {
  ...{ http2: false, requestHeaders: [], responseHeaders: [], host: undefined, mirrors: [] },
};

const status = (code: number): RewriteStep => ({ step: 'return', status: code, text: undefined });

const contentOf = (pool: string, asSent = false): LocationModel['content'] => ({
  kind: 'proxy',
  target: {
    ...{
      scheme: 'http',
      authority: pool,
      dynamic: false,
      url: `http://${pool}`,
      uri: undefined,
      replaces: '',
    },
    asSent,
  },
});

function headersFor(
  own: readonly HeaderTemplate[],
  changes: readonly HeaderChange[],
  host: string | undefined,
): HeaderTemplate[] {
  const base = own.length > 0 ? own : USUAL_HEADERS;
  const hasHost = base.some(({ name }) => name.toLowerCase() === 'host');
  let all = hasHost ? [...base] : [...base, USUAL_HEADERS[0]!];
  const wanted = changes.concat(host === undefined ? [] : [{ name: 'Host', value: host, adds: false }]);
  for (const { name, value = '', adds } of wanted) {
    if (!adds) all = all.filter(one => !isSame(one.name, name));
    all.push({ name, value, ...(adds && { adds }) });
  }
  return all;
}

/** A later change of a name undoes those before it. */
const addedOf = (changes: readonly HeaderChange[]) =>
  changes.flatMap(({ name, value }, at) => {
    const isUndone = changes.some((other, later) => later > at && !other.adds && isSame(other.name, name));
    return value === undefined || isUndone ? [] : [{ name, value, always: true }];
  });

const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** A pattern that a text is matched by as it stands, with what follows it. */
const literal = (text: string, rest: string): Pattern => ({
  source: `^${text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}${rest}$`,
  ...{ flags: '', names: [] },
});

const ALL: Pattern = { source: '^[^]*$', flags: '', names: [] };
const REST = '((?:\\/[^]*)?)';
const SOME_REST = '(\\/[^]*)';

/** In two steps where nothing would be left of a path that is the prefix itself. */
const cases = ({ from, to }: Extract<PathChange, { kind: 'prefix' }>) =>
  to === ''
    ? [
        { pattern: literal(from, ''), path: '/', rest: false },
        { pattern: literal(from, SOME_REST), path: '', rest: true },
      ]
    : [{ pattern: literal(from, REST), path: to, rest: true }];

type RedirectStatus = Extract<RewriteStep, { step: 'redirect' }>['status'];
const CAPTURED = { variable: '1' } as const;

function rewriteSteps(change: PathChange): RewriteStep[] {
  const common = { step: 'rewrite', keepArgs: true, args: undefined, flag: 'break' } as const;
  if (change.kind === 'full') return [{ ...common, pattern: ALL, source: ALL.source, path: change.path }];
  return cases(change).map(({ pattern, path, rest }) => ({
    ...common,
    ...{ pattern, source: pattern.source, path: rest ? [path, CAPTURED] : path },
  }));
}

/** Gateway API, HTTPRequestRedirectFilter: the port is that of the filter, else the usual one of its scheme, else the listener's. */
function redirectSteps(
  { status: code, scheme, host, port, path }: PlannedRedirect,
  listen: PlannedHost['listen'],
): RewriteStep[] {
  const to = scheme ?? (listen?.tls ? 'https' : 'http');
  const usual = to === 'https' ? 443 : 80;
  const at = port ?? (scheme === undefined ? (listen?.port ?? usual) : usual);
  const start = [`${to}://`, host ?? { variable: 'host' }, at === usual ? '' : `:${at}`];
  if (path === undefined)
    return [{ step: 'return', status: code, text: [...start, { variable: 'request_uri' }] }];
  if (path.kind === 'full') {
    const text = [...start, escapePath(path.path), { variable: 'is_args' }, { variable: 'args' }];
    return [{ step: 'return', status: code, text }];
  }
  return cases(path).map(({ pattern, path: changed, rest }) => ({
    ...{
      step: 'redirect',
      pattern,
      source: pattern.source,
      keepArgs: true,
      status: code as RedirectStatus,
      hasArgs: false,
    },
    target: [...start, escapePath(changed), ...(rest ? [CAPTURED] : [])],
  }));
}
