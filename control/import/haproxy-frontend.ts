/** A frontend of HAProxy: a server for each set of hosts that its rules tell apart, with a location for each path. */
import { Answers } from './haproxy-answers.ts';
import type { Pool } from './haproxy-backend.ts';
import { type Listen, listensOf } from './haproxy-bind.ts';
import { headersOf } from './haproxy-headers.ts';
import { groupsOf, locationsOf, type Rule } from './haproxy-locations.ts';
import { Acls } from './haproxy-match.ts';
import { type Line, type Section, timeOf } from './haproxy-tree.ts';
import type { Remarks, Words } from './outcome.ts';
import type { Block } from './write.ts';

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
  readonly #answers: Answers;

  constructor(section: Section, sections: readonly Section[], pools: readonly Pool[], remarks: Remarks) {
    this.#section = section;
    this.#lines = section.lines;
    this.#defaults = section.defaults;
    this.#sections = sections;
    this.#pools = new Map(pools.map(pool => [pool.name, pool]));
    this.#remarks = remarks;
    this.#acls = new Acls(section.lines);
    this.#answers = new Answers(this.#acls, (...lines) => this.#set(...lines), remarks);
  }

  read(): Block[] {
    const listens = this.#lines
      .filter(({ words: [first] }) => first === 'bind')
      .flatMap(line => listensOf(line, (...lines) => this.#set(...lines), this.#remarks));
    const rules = [
      ...this.#lines.flatMap(line => this.#answers.of(line)),
      ...this.#lines.flatMap(line => this.#choice(line)),
    ];
    const last: Rule = { where: {}, does: this.#passTo(this.#defaultPool()) };
    const times = this.#times();
    const groups = groupsOf(rules);
    const { redirect } = this.#answers;
    const plain = redirect === undefined ? [] : listens.filter(({ isTls }) => !isTls);
    const served = listens.filter(listen => !plain.includes(listen));
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

  #set(...lines: Words[]): void {
    for (const line of lines)
      if (!this.#settings.some(known => known.join(' ') === line.join(' '))) this.#settings.push(line);
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
      ...headersOf([...this.#defaults, ...this.#lines, ...(backend?.lines ?? [])], this.#remarks),
    ];
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

const READ = new Set([
  ...['bind', 'use_backend', 'default_backend', 'redirect', 'monitor-uri', 'compression'],
  ...['http-request redirect', 'http-request deny', 'http-request reject'],
  ...['set', 'del', 'add'].flatMap(verb => [`http-request ${verb}-header`, `http-response ${verb}-header`]),
]);
