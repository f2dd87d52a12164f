/** A frontend of HAProxy: a server for each set of hosts that its rules tell apart, with a location for each path. */
import type { Pool } from './haproxy-backend.ts';
import { Acls, escaped, isPlainOnly, type Where } from './haproxy-match.ts';
import { type Line, type Section, timeOf } from './haproxy-tree.ts';
import { moatValue } from './haproxy-value.ts';
import type { Remarks, Words } from './outcome.ts';
import type { Block } from './write.ts';

/** What becomes of requests of a place. */
interface Rule {
  readonly where: Where;
  readonly does: readonly Words[];
}

interface Listen {
  readonly words: Words;
  readonly isTls: boolean;
}

/** They say how HAProxy logs, counts and keeps connections. */
const NEEDLESS = new Set([
  'mode',
  'log',
  'option',
  'timeout',
  'acl',
  'description',
  'id',
  'maxconn',
  'unique-id-format',
]);
const BACKEND_ONLY = new Set([
  'server',
  'balance',
  'cookie',
  'stick',
  'stick-table',
  'http-check',
  'retries',
  'hash-type',
  'default-server',
]);

export class FrontendReader {
  readonly #section: Section;
  readonly #lines: readonly Line[];
  readonly #defaults: readonly Line[];
  readonly #sections: readonly Section[];
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #remarks: Remarks;
  readonly #acls: Acls;
  readonly #settings: Words[] = [];
  #redirect: string | undefined;

  constructor(section: Section, sections: readonly Section[], pools: readonly Pool[], remarks: Remarks) {
    this.#section = section;
    this.#lines = section.lines;
    this.#defaults = section.defaults;
    this.#sections = sections;
    this.#pools = new Map(pools.map(pool => [pool.name, pool]));
    this.#remarks = remarks;
    this.#acls = new Acls(section.lines);
  }

  read(): Block[] {
    const listens = this.#lines
      .filter(({ words: [first] }) => first === 'bind')
      .flatMap(line => this.#listens(line));
    const rules = [
      ...this.#lines.flatMap(line => this.#answers(line)),
      ...this.#lines.flatMap(line => this.#choice(line)),
    ];
    const last: Rule = { where: {}, does: this.#passTo(this.#defaultPool()) };
    const times = this.#times();
    const groups = groupsOf(rules);
    const plain = this.#redirect === undefined ? [] : listens.filter(({ isTls }) => !isTls);
    const served = listens.filter(listen => !plain.includes(listen));
    const redirect = this.#redirect;
    this.#tellOfTheRest();
    return [
      ...(plain.length === 0 || redirect === undefined
        ? []
        : [this.#server(plain, undefined, [['return', redirect, 'https://$host$request_uri']])]),
      ...(served.length === 0 ? [] : groups).map(hosts =>
        this.#server(served, hosts, [...times, ...this.#settings, ...locationsOf([...rules, last], hosts)]),
      ),
    ];
  }

  #server(listens: readonly Listen[], hosts: readonly string[] | undefined, inside: Block['lines']): Block {
    const isFirst = hosts === undefined;
    const lines = listens.map(({ words }) => (isFirst ? [...words, 'default_server'] : words));
    const names = hosts === undefined ? [] : [['server_name', ...hosts]];
    return { head: ['server'], lines: [...lines, ...names, ...inside], from: this.#section.line };
  }

  #listens({ words: [, where = '', ...options], line }: Line): Listen[] {
    const has = (word: string) => options.includes(word);
    const after = (word: string) => (has(word) ? options[options.indexOf(word) + 1] : undefined);
    const isTls = has('ssl');
    const certificate = after('crt');
    if (isTls && (certificate === undefined || certificate.endsWith('/')))
      this.#remarks.dropped(
        line,
        'certificates of a folder or list: write ssl_certificate lines, one pair for each name',
      );
    else if (isTls) this.#set(['ssl_certificate', certificate!], ['ssl_certificate_key', certificate!]);
    if ((after('alpn') ?? (isTls ? 'h2' : '')).split(',').includes('h2')) this.#set(['http2', 'on']);
    const oldest = after('ssl-min-ver');
    if (oldest !== undefined) this.#set(['ssl_protocols', ...PROTOCOLS.slice(PROTOCOLS.indexOf(oldest))]);
    if (has('verify') && after('ca-file') !== undefined)
      this.#set(
        ['ssl_client_certificate', after('ca-file')!],
        ['ssl_verify_client', after('verify') === 'optional' ? 'optional' : 'on'],
      );
    const rest = [...(isTls ? ['ssl'] : []), ...(has('accept-proxy') ? ['proxy_protocol'] : [])];
    return where.split(',').map(address => ({ words: ['listen', listenOf(address), ...rest], isTls }));
  }

  #set(...lines: Words[]): void {
    for (const line of lines)
      if (!this.#settings.some(known => known.join(' ') === line.join(' '))) this.#settings.push(line);
  }

  /** Redirects and refusals: HAProxy comes to them before it chooses a backend. */
  #answers({ words, line }: Line): Rule[] {
    const [first = '', second = ''] = words;
    const [verb, rest] = first === 'redirect' ? [first, words.slice(1)] : [second, words.slice(2)];
    if (first === 'monitor-uri') return [{ where: { paths: [`= ${second}`] }, does: [['return', '200']] }];
    const isReject = first === 'tcp-request' && /^(connection|content)$/.test(second) && rest[0] === 'reject';
    const isRule =
      first === 'redirect' || (first === 'http-request' && ['redirect', 'deny', 'reject'].includes(verb));
    if (!isRule && !isReject) return [];
    const at = rest.findIndex(word => word === 'if' || word === 'unless');
    const [how, keyword, condition] =
      at === -1 ? [rest, undefined, []] : [rest.slice(0, at), rest[at], rest.slice(at + 1)];
    if (verb === 'redirect') return this.#redirects(how, keyword, condition, line);
    return this.#refusals(how, keyword, condition, line);
  }

  #redirects(
    how: readonly string[],
    keyword: string | undefined,
    condition: readonly string[],
    line: number,
  ): Rule[] {
    const [kind, target = ''] = how;
    const code = how.includes('code') ? how[how.indexOf('code') + 1]! : '302';
    if (kind === 'scheme' && target === 'https' && isPlainOnly(keyword, condition)) {
      this.#redirect = code;
      return [];
    }
    const value = moatValue(target);
    const wheres = keyword === 'unless' ? undefined : this.#acls.where(condition);
    const text =
      kind === 'location'
        ? value
        : kind === 'prefix' && value !== undefined
          ? `${value}$request_uri`
          : undefined;
    if (text === undefined || !wheres || wheres.some(({ sources, tls }) => sources || tls)) {
      this.#remarks.dropped(
        line,
        `redirect ${how.join(' ')}: write a return line in the location that is meant`,
      );
      return [];
    }
    return wheres.map(where => ({ where, does: [['return', code, text]] }));
  }

  /** Who was kept out there is kept out here: where that cannot be said, everybody is, until somebody decides. */
  #refusals(
    how: readonly string[],
    keyword: string | undefined,
    condition: readonly string[],
    line: number,
  ): Rule[] {
    const status = how.includes('deny_status') ? how[how.indexOf('deny_status') + 1]! : '403';
    const text = condition.join(' ');
    if (/\bsc[0-2]?_|src_(conn|http|bytes)/.test(text)) {
      this.#remarks.dropped(line, `a limit of clients (${text}): limit_req and limit_conn do this`);
      return [];
    }
    const inverted =
      keyword === 'unless' ? condition : condition[0]?.startsWith('!') ? withoutSign(condition) : undefined;
    const only = inverted && this.#acls.where(inverted);
    if (only?.every(isSourceOnly)) {
      this.#set(...only.flatMap(({ sources = [] }) => sources.map(source => ['allow', source])), [
        'deny',
        'all',
      ]);
      return [];
    }
    const wheres = inverted ? undefined : this.#acls.where(condition);
    if (wheres?.every(isSourceOnly)) {
      this.#set(...wheres.flatMap(({ sources = [] }) => sources.map(source => ['deny', source])));
      return [];
    }
    if (wheres?.every(({ sources, tls }) => !sources && !tls))
      return wheres.map(where => ({ where, does: [['return', status]] }));
    this.#remarks.dropped(
      line,
      `a refusal (${keyword ?? ''} ${text}): "return 403" keeps everybody out until you decide`,
    );
    this.#set(['return', '403']);
    return [];
  }

  /** use_backend. */
  #choice({ words: [first, name = '', keyword, ...condition], line }: Line): Rule[] {
    if (first !== 'use_backend') return [];
    const wheres = keyword === undefined ? [{}] : keyword === 'if' ? this.#acls.where(condition) : undefined;
    if (!wheres || wheres.some(({ sources, tls }) => sources || tls) || !this.#pools.has(name)) {
      const why = this.#pools.has(name)
        ? `its condition (${condition.join(' ')})`
        : 'there is no such HTTP backend';
      this.#remarks.dropped(
        line,
        `use_backend ${name}: ${why}: a map with $variables in proxy_pass may say it`,
      );
      return [];
    }
    const does = this.#passTo(name);
    return wheres.map(where => ({ where, does }));
  }

  #defaultPool(): string | undefined {
    const name = [...this.#defaults, ...this.#lines].findLast(
      ({ words: [first] }) => first === 'default_backend',
    )?.words[1];
    return (
      name ??
      (this.#pools.has(this.#section.name) && this.#section.kind === 'listen'
        ? this.#section.name
        : undefined)
    );
  }

  #passTo(name: string | undefined): Words[] {
    const pool = name === undefined ? undefined : this.#pools.get(name);
    if (!pool || pool.members === 0) return [['return', '503']];
    const backend = this.#sections.find(section => section.name === name && section.kind === 'backend');
    return [
      ...pool.passing,
      ...this.#headers([...this.#defaults, ...this.#lines, ...(backend?.lines ?? [])]),
    ];
  }

  #headers(lines: readonly Line[]): Words[] {
    const upgrade: Words[] = [
      ['proxy_set_header', 'Host', '$http_host'],
      ['proxy_set_header', 'Upgrade', '$http_upgrade'],
      ['proxy_set_header', 'Connection', '$connection_upgrade'],
    ];
    const forwards = lines.some(
      ({ words: [first, second] }) => first === 'option' && second === 'forwardfor',
    );
    const made = new Map<string, Words[]>(upgrade.map(words => [words[1]!.toLowerCase(), [words]]));
    if (forwards)
      made.set('x-forwarded-for', [['proxy_set_header', 'X-Forwarded-For', '$proxy_add_x_forwarded_for']]);
    for (const line of lines) {
      const found = this.#header(line);
      if (found) made.set(found.key, [...found.lines]);
    }
    return [...made.values()].flat();
  }

  #header({ words, line }: Line): { readonly key: string; readonly lines: readonly Words[] } | undefined {
    const [first, verb = '', name = '', format = ''] = words;
    if (!/^http-re(quest|sponse)$/.test(first ?? '') || !/^(set|del|add)-header$/.test(verb))
      return undefined;
    const isRequest = first === 'http-request';
    const key = `${isRequest ? '' : 'response '}${name.toLowerCase()}`;
    if (verb === 'del-header')
      return { key, lines: [isRequest ? ['proxy_set_header', name, ''] : ['proxy_hide_header', name]] };
    const isScheme =
      name.toLowerCase() === 'x-forwarded-proto' && words.length > 4 && words.join(' ').includes('ssl_fc');
    const value = isScheme ? '$scheme' : words.length > 4 ? undefined : moatValue(format);
    if (value === undefined || (verb === 'add-header' && isRequest)) {
      this.#remarks.dropped(
        line,
        `${words.slice(0, 4).join(' ')}: write it with variables of moat (docs/reference/variables.md)`,
      );
      return undefined;
    }
    if (isRequest) return { key, lines: [['proxy_set_header', name, value]] };
    const hides = verb === 'set-header' ? [['proxy_hide_header', name]] : [];
    return { key, lines: [...hides, ['add_header', name, value, 'always']] };
  }

  #times(): Words[] {
    const all = [...this.#defaults, ...this.#lines];
    const time = (name: string) =>
      timeOf(all.findLast(({ words: [first, second] }) => first === 'timeout' && second === name)?.words[2]);
    const [client, request, idle] = [time('client'), time('http-request'), time('http-keep-alive')];
    const line = (name: string, value: string | undefined): Words[] =>
      value === undefined ? [] : [[name, value]];
    const zip = all.some(({ words: [first, second] }) => first === 'compression' && second === 'algo');
    const types = all
      .findLast(({ words: [first, second] }) => first === 'compression' && second === 'type')
      ?.words.slice(2);
    const others = types?.filter(type => type !== 'text/html') ?? [];
    return [
      ...line('client_header_timeout', request ?? client),
      ...line('client_body_timeout', client),
      ...line('send_timeout', client),
      ...line('keepalive_timeout', idle ?? client),
      ...(zip ? [['gzip', 'on']] : []),
      ...(zip && others.length > 0 ? [['gzip_types', ...others]] : []),
    ];
  }

  #tellOfTheRest(): void {
    for (const { line, words } of this.#lines) {
      const [first = '', second = ''] = words;
      if (NEEDLESS.has(first) || READ.has(first) || READ.has(`${first} ${second}`)) continue;
      if (this.#section.kind === 'listen' && BACKEND_ONLY.has(first)) continue;
      if (first === 'tcp-request' && words.includes('reject')) continue;
      const why = first === 'stats' ? ': moat status, the console and the metrics page show it' : '';
      this.#remarks.dropped(line, `${words.slice(0, 3).join(' ')} of the ${this.#section.kind}${why}`);
    }
  }
}

const PROTOCOLS = ['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const READ = new Set([
  ...['bind', 'use_backend', 'default_backend', 'redirect', 'monitor-uri', 'compression'],
  ...['http-request redirect', 'http-request deny', 'http-request reject'],
  ...['set', 'del', 'add'].flatMap(verb => [`http-request ${verb}-header`, `http-response ${verb}-header`]),
]);

const isSourceOnly = ({ sources, hosts, paths, tls }: Where) =>
  sources !== undefined && !hosts && !paths && !tls;
const withoutSign = ([first = '', ...rest]: readonly string[]) =>
  first === '!' ? rest : [first.slice(1), ...rest];

const listenOf = (address: string): string =>
  address
    .replace(/^\*:/, '')
    .replace(/^:(?=\d)/, '')
    .replace(/^ipv[46]@/, '')
    .replace(/^unix@|^(?=\/)/, 'unix:');

/** Sets of hosts that rules name, and last all the others (undefined). */
function groupsOf(rules: readonly Rule[]): (readonly string[] | undefined)[] {
  const groups = new Map<string, readonly string[]>();
  const known = new Set<string>();
  for (const { where } of rules) {
    const fresh = where.hosts?.filter(host => !known.has(host)) ?? [];
    // Hosts that were named alone before are groups already.
    for (const host of fresh) known.add(host);
    if (fresh.length > 0) groups.set(fresh.join(' '), fresh);
  }
  return [undefined, ...groups.values()];
}

/** The rules of a group until one that says nothing of paths, each path once: the first one counts. */
function locationsOf(rules: readonly Rule[], hosts: readonly string[] | undefined): Block[] {
  const chosen: Place[] = [];
  for (const { where, does } of rules) {
    if (where.hosts && !hosts?.every(host => where.hosts!.includes(host))) continue;
    for (const path of where.paths ?? ['/'])
      if (!chosen.some(one => isShadowed(path, one.path))) chosen.push({ path, does });
    if (!where.paths) break;
  }
  // Patterns are tried in their order, prefixes are not: where there are both, all but the last become patterns.
  const isMixed = chosen.some(({ path }) => path.startsWith('~'));
  const places = isMixed ? merged(chosen.map(({ path, does }) => ({ path: asPattern(path), does }))) : chosen;
  return places.map(({ path, does }) => ({
    head: ['location', ...path.split(/ (.*)/s).filter(Boolean)],
    lines: does,
  }));
}

interface Place {
  readonly path: string;
  readonly does: readonly Words[];
}

/** Patterns that follow one another and do the same are one. */
function merged(places: readonly Place[]): Place[] {
  const found: Place[] = [];
  for (const place of places) {
    const before = found.at(-1);
    const [, sign, pattern] = /^(~\*?) (.*)$/s.exec(place.path) ?? [];
    if (before && before.does === place.does && sign !== undefined && before.path.startsWith(`${sign} `))
      found[found.length - 1] = { ...before, path: `${before.path}|${pattern}` };
    else found.push(place);
  }
  return found;
}

function isShadowed(path: string, earlier: string): boolean {
  if (path === earlier) return true;
  return (
    earlier.startsWith('^~ ') &&
    /^(\^~|=) /.test(path) &&
    path.slice(path.indexOf(' ') + 1).startsWith(earlier.slice(3))
  );
}

function asPattern(path: string): string {
  const [, sign, text = ''] = /^(\^~|=) (.*)$/s.exec(path) ?? [];
  if (sign === undefined) return path;
  return `~ ^${escaped(text)}${sign === '=' ? '$' : ''}`;
}
