/** Plans of manifests, and what they make of requests, without a server. */
import assert from 'node:assert/strict';
import { checkConfig } from '../../../config/config.ts';
import type { Exchange } from '../../../l7/exchange.ts';
import { withRoutes } from '../../../l7/kubernetes/graft.ts';
import { type Held, heldOf, type Objects } from '../../../l7/kubernetes/object.ts';
import { planOf } from '../../../l7/kubernetes/plan.ts';
import { readPlan } from '../../../l7/kubernetes/read-plan.ts';
import { KINDS } from '../../../l7/kubernetes/resources.ts';
import { RouteFinder } from '../../../l7/route/routes.ts';
import type { HttpModel, LocationModel } from '../../../model/l7/http.ts';
import type { RoutePlan } from '../../../model/l7/kubernetes.ts';
import type { Manifest } from './manifests.ts';

export const CLASSES = 'kubernetes https://k8s.test:6443 ingress_class=moat gateway_class=moat';

export function modelOf(line = CLASSES, listens = 'listen 80; listen 8080;', more = ''): HttpModel {
  const text = `http { server { ${listens} ${line}; } ${more} }`;
  const source = { read: () => text, glob: () => [] };
  const { model, diagnostics } = checkConfig('test.conf', { source, prefix: '/', confDir: '/' });
  assert.ok(model?.http, diagnostics.map(({ message }) => message).join('; '));
  return model.http;
}

/** As the API server gives them, through JSON. */
export function planFor(manifests: readonly Manifest[], http = modelOf()): RoutePlan {
  const objects = Object.fromEntries(KINDS.map(kind => [kind, new Map<string, Held>()])) as Record<
    string,
    Map<string, Held>
  >;
  for (const manifest of manifests) {
    const held = heldOf(JSON.parse(JSON.stringify(manifest)));
    const kind = manifest.kind.toLowerCase();
    objects[`${kind}${kind.endsWith('s') ? 'es' : 's'}`]!.set(held.id, held);
  }
  return planOf(objects as unknown as Objects, http.kubernetes[0]!);
}

/** The same, and as control reads it. */
function planned(manifests: readonly Manifest[], http: HttpModel): RoutePlan {
  const plan = planFor(manifests, http);
  assert.deepEqual(readPlan(JSON.parse(JSON.stringify(plan))), plan);
  return plan;
}

export interface Asked {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly args?: string;
}

/** Whom requests reach: names of pools, or what else answers them. */
export class Site {
  readonly http: HttpModel;
  readonly plan: RoutePlan;
  readonly graftProblems: readonly string[];

  constructor(manifests: readonly Manifest[], http = modelOf()) {
    this.plan = planned(manifests, http);
    const { label } = http.kubernetes[0]!;
    const grafted = withRoutes(http, new Map([[label, this.plan]]));
    this.http = grafted.http;
    this.graftProblems = (grafted.problems.get(label) ?? []).map(
      ({ object, reason }) => `${object}: ${reason}`,
    );
  }

  get problems(): string[] {
    return this.plan.problems.map(({ object, reason }) => `${object}: ${reason}`);
  }

  /** The locations of the server of a host on a port. */
  location(
    { host = 'a.test', path = '/', method = 'GET', headers = {}, args = '' }: Asked,
    port = 80,
  ): LocationModel | undefined {
    const key = `0.0.0.0:${port}`;
    const exact = this.http.servers.find(
      ({ names, listens }) =>
        listens.includes(key) && names.some(name => name.kind === 'exact' && name.hostname === host),
    );
    const wild = this.http.servers
      .filter(({ listens }) => listens.includes(key))
      .flatMap(server => server.names.map(name => ({ server, name })))
      .filter(({ name }) => name.kind === 'leading' && host.endsWith(name.suffix))
      .sort((a, b) =>
        'suffix' in b.name && 'suffix' in a.name ? b.name.suffix.length - a.name.suffix.length : 0,
      )[0];
    const server = exact ?? wild?.server ?? this.http.servers[this.http.defaultServers[key]!]!;
    const fields = new Map(Object.entries(headers));
    const exchange = { host, path, method, args, head: { headers: fields } } as unknown as Exchange;
    return new RouteFinder(server.root.locations).find(exchange);
  }

  /** `shop/web/http`, `status 500`, `redirect`, or nothing. */
  answer(asked: Asked, port = 80): string | undefined {
    const location = this.location(asked, port);
    if (!location) return undefined;
    const [first] = location.rewrite;
    if (first?.step === 'return' && first.text === undefined) return `status ${first.status}`;
    const { content } = location;
    return content.kind === 'proxy'
      ? String(content.target.authority).replace(/^kubernetes\//, '')
      : 'redirect';
  }
}
