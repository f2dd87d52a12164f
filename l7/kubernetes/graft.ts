/** The http block with what objects bring: servers for their hosts, and pools for their Services. Pure. */
import { regexOf } from '#kit/pcre.ts';
import type { HttpModel, ListenModel, ServerModel, ServerName } from '#model/l7/http.ts';
import type { KubernetesModel, PlannedHost, RoutePlan, RouteProblem } from '#model/l7/kubernetes.ts';
import type { CertificateModel } from '#model/l7/tls.ts';
import { CONNECTION_VARIABLES } from './connection.ts';
import { covers } from './draft.ts';
import { LocationMaker } from './graft-location.ts';
import { poolNameOf, poolOf } from './graft-pool.ts';

export interface Grafted {
  readonly http: HttpModel;
  /** What has no place beside the configuration, by the label of its source. */
  readonly problems: ReadonlyMap<string, readonly RouteProblem[]>;
}

/** @param plans by the labels of their sources; of one without a plan nothing is added */
export function withRoutes(http: HttpModel, plans: ReadonlyMap<string, RoutePlan>): Grafted {
  if (http.kubernetes.length === 0) return { http, problems: new Map() };
  const graft = new Graft(http);
  for (const [rank, source] of http.kubernetes.entries())
    graft.add(source, plans.get(source.label) ?? NO_PLAN, rank);
  return graft.finish();
}

const NO_PLAN: RoutePlan = { hosts: [], services: [], certificates: [], problems: [] };

class Graft {
  readonly #http: HttpModel;
  readonly #servers: ServerModel[];
  readonly #pools: HttpModel['pools'][number][];
  readonly #defaults: Record<string, number>;
  /** `key host`, of all that objects have. */
  readonly #taken = new Set<string>();
  readonly #problems = new Map<string, RouteProblem[]>();

  constructor(http: HttpModel) {
    this.#http = http;
    this.#servers = [...http.servers];
    this.#pools = [...http.pools];
    this.#defaults = { ...http.defaultServers };
  }

  add(source: KubernetesModel, plan: RoutePlan, rank: number): void {
    const problems: RouteProblem[] = [];
    this.#problems.set(source.label, problems);
    for (const service of plan.services) this.#pools.push(poolOf(service, source, rank));
    const services = new Map(plan.services.map(({ key }) => [key, poolNameOf(key, rank)]));
    const template = this.#http.servers[source.server]!;
    const about = {
      ...{ source, template, problems },
      maker: new LocationMaker(template, services),
      certificates: certificatesOf(plan),
    };
    for (const host of plan.hosts) if (host.host !== '') this.#addHost(host, about);
    const nameless = plan.hosts.filter(({ host }) => host === '' && isAllowed(host, source));
    this.#addNameless(nameless, about);
  }

  #addHost(planned: PlannedHost, about: About): void {
    const { template, problems } = about;
    const complain = (reason: string) => problems.push({ object: `host ${planned.host}`, reason });
    if (!isAllowed(planned.host, about.source))
      return void complain('the configuration does not allow it (hosts=)');
    const keys = this.#listensFor(planned, about);
    if (keys.length === 0) return void complain(noListen(planned));
    const free = keys.filter(key => !this.#ownerOf(planned.host, key, template));
    const own = free.filter(key => !this.#taken.has(`${key} ${planned.host}`));
    if (free.length < keys.length) complain('a server block of the configuration has it');
    else if (own.length < free.length) complain('other objects have it already');
    if (own.length === 0) return;
    for (const key of own) this.#taken.add(`${key} ${planned.host}`);
    this.#servers.push({
      ...this.#serverOf(planned, own, about),
      names: [nameOf(planned.host)],
      serverName: planned.host,
    });
  }

  /** What is for all hosts goes to the server of the configuration: to copies of it where listeners differ in that. */
  #addNameless(planned: readonly PlannedHost[], about: About): void {
    const { source, template, maker } = about;
    const byKey = new Map<PlannedHost | undefined, string[]>();
    for (const key of template.listens) {
      const found = planned.find(one => this.#listensFor(one, about).includes(key));
      const keys = byKey.get(found);
      if (keys) keys.push(key);
      else byKey.set(found, [key]);
    }
    for (const one of planned)
      if (!byKey.has(one)) about.problems.push({ object: 'all hosts', reason: noListen(one) });
    const [first, ...others] = [...byKey];
    for (const [host, keys] of others) {
      for (const key of keys)
        if (this.#defaults[key] === source.server) this.#defaults[key] = this.#servers.length;
      this.#servers.push(
        host ? this.#serverOf(host, keys, about) : { ...template, listens: keys, root: maker.root([]) },
      );
    }
    if (!first) return;
    const [host, keys] = first;
    this.#servers[source.server] = host
      ? this.#serverOf(host, keys, about)
      : { ...template, listens: keys, root: maker.root([]) };
  }

  #serverOf(planned: PlannedHost, listens: readonly string[], about: About): ServerModel {
    const { template, maker, certificates } = about;
    const shown = planned.certificates.map(name => certificates.get(name)).filter(one => one !== undefined);
    const tls = listens.some(key => this.#http.listens[key]?.tls) ? template.tls : undefined;
    return {
      ...template,
      listens,
      tls: tls && shown.length > 0 ? { ...tls, certificates: shown } : tls,
      root: maker.root(planned.routes, planned.listen),
    };
  }

  #listensFor({ listen }: PlannedHost, { source, template }: About): string[] {
    if (!listen) return [...template.listens];
    const own = source.ports.find(([named]) => named === listen.port)?.[1] ?? listen.port;
    const fits = (model: ListenModel | undefined) =>
      model?.kind === 'tcp' && model.port === own && model.tls === listen.tls;
    return template.listens.filter(key => fits(this.#http.listens[key]));
  }

  /** Whether a server of the operator's answers for a host: nobody takes a part of what he has claimed. */
  #ownerOf(host: string, key: string, template: ServerModel): boolean {
    return this.#http.servers.some(
      server =>
        server !== template && server.listens.includes(key) && server.names.some(name => isAmong(name, host)),
    );
  }

  finish(): Grafted {
    const hasRoutes = this.#problems.size > 0;
    const variables = hasRoutes ? [...this.#http.variables, ...CONNECTION_VARIABLES] : this.#http.variables;
    return {
      http: {
        ...this.#http,
        servers: this.#servers,
        pools: this.#pools,
        defaultServers: this.#defaults,
        variables,
      },
      problems: this.#problems,
    };
  }
}

interface About {
  readonly source: KubernetesModel;
  readonly template: ServerModel;
  readonly maker: LocationMaker;
  readonly certificates: ReadonlyMap<string, CertificateModel>;
  readonly problems: RouteProblem[];
}

/** A plan that was kept may be of a time when more was allowed. */
const isAllowed = (host: string, { hosts }: KubernetesModel): boolean =>
  hosts.length === 0 || hosts.some(pattern => covers(pattern, host));

const noListen = ({ listen }: PlannedHost) =>
  `no listen of the server is for port ${listen?.port} with${listen?.tls ? '' : 'out'} TLS`;

const nameOf = (host: string): ServerName =>
  host.startsWith('*.') ? { kind: 'leading', suffix: host.slice(1) } : { kind: 'exact', hostname: host };

/** One object for all servers that show it. */
const certificatesOf = ({ certificates }: RoutePlan): Map<string, CertificateModel> =>
  new Map(
    certificates.map(({ name, certificate, key }) => [
      name,
      {
        kind: 'pem',
        certificate: { path: `Secret ${name} tls.crt`, text: certificate },
        key: { path: `Secret ${name} tls.key`, text: key },
        passphrase: undefined,
      },
    ]),
  );

/** Whether a name of a server holds a host, or all that a wildcard stands for. */
function isAmong(name: ServerName, host: string): boolean {
  const one = host.replace(/^\*/, 'x');
  if (name.kind === 'exact') return name.hostname === host;
  if (name.kind === 'leading') return one.endsWith(name.suffix);
  if (name.kind === 'trailing') return one.startsWith(name.prefix);
  return !host.startsWith('*') && regexOf(name.pattern).test(host);
}
