/** A source of routes at work, against an API server that answers as the real ones document it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Log } from '../../../kit/log.ts';
import { RouteBook, type RouteNews } from '../../../l7/kubernetes/source.ts';
import type { RoutePlan } from '../../../model/l7/kubernetes.ts';
import { until } from '../../e2e/rig.ts';
import { ApiServer } from '../discovery/api-server.ts';
import { Cluster } from './cluster.ts';
import { gateway, ingress, rule, service } from './manifests.ts';
import { modelOf } from './planned.ts';

const PATIENCE_MS = 90_000;

class Watcher implements Disposable {
  readonly lines: string[] = [];
  readonly plans: RoutePlan[] = [];
  news: RouteNews | undefined;
  readonly #book: RouteBook;

  constructor(url: string, words: string) {
    const sink = { write: (line: string) => this.lines.push(line) };
    const log = new Log([{ level: 'info', sink }], 'test', { now: () => '' });
    this.#book = new RouteBook({
      ...{ log: () => log, nowMs: Date.now, random: () => 0, firstPauseMs: 20 },
      read: () => Promise.reject(new Error('there are no files')),
      tell: news => {
        this.news = news;
        if (news.plan) this.plans.push(news.plan);
      },
    });
    this.#book.follow(modelOf(`kubernetes ${url} ${words}`).kubernetes);
  }

  get hosts(): string {
    return (this.plans.at(-1)?.hosts ?? [])
      .map(({ host }) => host)
      .sort()
      .join();
  }

  has(hosts: string): Promise<void> {
    return until(() => this.hosts === hosts, `the hosts ${hosts}`, PATIENCE_MS).catch(fault => {
      throw new Error(`${(fault as Error).message}: they are ${this.hosts}\n${this.lines.join('')}`);
    });
  }

  says(state: RouteNews['state'], error: RegExp = /^$/): Promise<void> {
    return until(
      () => this.news?.state === state && error.test(this.news.error ?? ''),
      `${state} ${error}`,
      PATIENCE_MS,
    );
  }

  [Symbol.dispose](): void {
    this.#book.follow([]);
  }
}

const web = (name: string, host: string, more: object = {}) =>
  ingress(`shop/${name}`, { rules: [rule(host, 'Prefix / a:80')], ...more });

test('kubernetes: nothing is told before all kinds are known; only what is needed is asked for', async () => {
  const cluster = new Cluster();
  cluster.put(service('shop/a'), web('one', 'a.test'));
  cluster.forbidden.add('services');
  await using server = await ApiServer.start(cluster.answer);
  using watcher = new Watcher(server.url, 'ingress_class=moat namespace=shop no_secrets');
  await watcher.says('stale', /services: it answers 403: services is forbidden/);
  assert.deepEqual(watcher.plans, []);
  cluster.forbidden.clear();
  await watcher.has('a.test');
  await watcher.says('current');
  assert.deepEqual([...new Set(server.asked.map(({ path }) => path))].sort(), [
    '/api/v1/namespaces/shop/services',
    '/apis/networking.k8s.io/v1/namespaces/shop/ingresses',
  ]);
  assert.ok(server.asked.every(({ method }) => method === 'GET'));
});

test('kubernetes: a kind that is not known has none; one that was there and is not known any more is a fault', async () => {
  const cluster = new Cluster();
  for (const kind of ['gateways', 'httproutes', 'grpcroutes', 'referencegrants']) cluster.unknown.add(kind);
  cluster.put(service('shop/a'), web('one', 'a.test'));
  await using server = await ApiServer.start(cluster.answer);
  {
    using watcher = new Watcher(server.url, 'ingress_class=moat gateway_class=moat');
    await watcher.has('a.test');
    await watcher.says('current');
  }
  cluster.unknown.clear();
  cluster.put(gateway('shop/g', [{ name: 'w', port: 80, protocol: 'HTTP', hostname: 'g.test' }]));
  using watcher = new Watcher(server.url, 'ingress_class=moat gateway_class=moat');
  await watcher.has('a.test,g.test');
  cluster.unknown.add('gateways');
  cluster.forget();
  await watcher.says('stale', /gateways: it answers 404/);
  assert.equal(watcher.hosts, 'a.test,g.test');
});

test('kubernetes: a stranger with many large objects does not keep the others out; more than max_objects are refused whole', async () => {
  const cluster = new Cluster();
  cluster.part = 250;
  const large = { note: 'x'.repeat(900_000) };
  for (let n = 0; n < 20; n++) cluster.put(web(`large${n}`, `large${n}.test`, large));
  cluster.put(service('shop/a'), web('one', 'a.test'));
  await using server = await ApiServer.start(cluster.answer);
  using watcher = new Watcher(server.url, 'ingress_class=moat max_objects=22');
  await watcher.has('a.test');
  assert.equal(watcher.plans.at(-1)?.problems.length, 20);
  assert.match(watcher.plans.at(-1)!.problems[0]!.reason, /longer than 256 KB/);
  assert.ok(
    server.asked.some(({ query }) => query.get('limit') === '15'),
    'smaller parts',
  );
  cluster.put(web('two', 'b.test'));
  await watcher.has('a.test,b.test');
  cluster.put(web('three', 'c.test'));
  await watcher.says('stale', /there are more than 22 ingresses/);
  assert.equal(watcher.hosts, 'a.test,b.test');
});

test('kubernetes: nonsense is a fault, and what was known stays', async () => {
  const cluster = new Cluster();
  cluster.put(service('shop/a'), web('one', 'a.test'));
  await using server = await ApiServer.start(cluster.answer);
  using watcher = new Watcher(server.url, 'ingress_class=moat');
  await watcher.has('a.test');
  for (const text of [
    '{"type":"NEWS","object":{"metadata":{}}}',
    '{',
    '{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}',
  ]) {
    await until(() => cluster.watches.length === 3, 'three watches', PATIENCE_MS);
    const { failures } = watcher.news!;
    for (const { kind, response } of cluster.watches) if (kind === 'ingresses') response.write(`${text}\n`);
    await until(() => watcher.news!.failures > failures, `the fault of ${text}`, PATIENCE_MS);
    await watcher.says('current');
    assert.equal(watcher.hosts, 'a.test');
  }
  assert.equal(watcher.plans.length, 1, 'the same again is no news');
});
