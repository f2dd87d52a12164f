/** Plans on their way into force: what comes meanwhile, what is refused, and what is left of a configuration that is refused. */
import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RouteKeeper } from '../../control/kubernetes/keeper.ts';
import { Log } from '../../kit/log.ts';
import { L7Plane } from '../../l7/plane.ts';
import type { Model } from '../../model/main.ts';
import { until } from '../e2e/rig.ts';
import { ingress, type Manifest, rule, service } from '../l7/kubernetes/manifests.ts';
import { modelOf, planFor } from '../l7/kubernetes/planned.ts';

const PATIENCE_MS = 60_000;

class Control {
  readonly lines: string[] = [];
  readonly plane = new L7Plane({});
  readonly keeper: RouteKeeper;
  readonly http = modelOf();
  /** Hosts that came into force, one after the other. */
  readonly inForce: string[] = [];
  /** What a change into force waits for. */
  gate: Promise<void> = Promise.resolve();
  isAsked = false;
  /** Why workers refuse. */
  refusal: string | undefined;

  constructor(folder: string) {
    const log = new Log([{ level: 'info', sink: { write: line => this.lines.push(line) } }], 'test', {
      now: () => '',
    });
    this.keeper = new RouteKeeper(this.plane, join(folder, 'moat.conf'), () => log);
    this.keeper.begin();
    this.take();
    this.keeper.hands = {
      reroute: async () => {
        const hosts = this.#hosts();
        this.isAsked = true;
        await this.gate;
        if (this.refusal !== undefined) throw new Error(this.refusal);
        this.keeper.commit();
        this.inForce.push(hosts);
      },
    };
  }

  /** The configuration in force. */
  take(): void {
    this.#hosts();
    this.keeper.commit();
  }

  #hosts(): string {
    const { http } = this.keeper.apply({ http: this.http } as Model);
    return http!.servers
      .map(({ serverName }) => serverName)
      .filter(name => name !== '')
      .sort()
      .join();
  }

  says(...hosts: string[]): void {
    const manifests: Manifest[] = hosts.map(host =>
      ingress(`shop/${host}`, { rules: [rule(host, 'Prefix / a:80')] }),
    );
    const plan = planFor([service('shop/a'), ...manifests], this.http);
    const { label } = this.http.kubernetes[0]!;
    const news = {
      source: label,
      state: 'current',
      error: undefined,
      failures: 0,
      plannedMs: 1,
      plan,
    } as const;
    this.plane.routesChanged(JSON.parse(JSON.stringify(news)));
  }
}

test('RouteKeeper: what was before, and comes again while another plan is on its way, comes into force after it', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'keeper-'));
  const control = new Control(folder.path);
  control.says('a.test');
  await until(() => control.inForce.length === 1, 'the first', PATIENCE_MS);
  const held = Promise.withResolvers<void>();
  control.gate = held.promise;
  control.isAsked = false;
  control.says('b.test');
  await until(() => control.isAsked, 'the second on its way', PATIENCE_MS);
  control.says('a.test');
  held.resolve();
  await until(() => control.inForce.length >= 3, 'the first again', PATIENCE_MS);
  assert.deepEqual(control.inForce, ['a.test', 'b.test', 'a.test']);
  const again = new Control(folder.path);
  assert.deepEqual(again.keeper.shown[0]!.hosts, [{ host: 'a.test', routes: 1 }], 'it is what is kept');
});

test('RouteKeeper: a plan that workers refuse, that is none, or is empty changes nothing, and is told', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'keeper-'));
  const control = new Control(folder.path);
  control.says('a.test');
  await until(() => control.inForce.length === 1, 'the first', PATIENCE_MS);
  const shown = () => control.keeper.shown[0]!;
  control.says();
  assert.match(shown().refusal!, /no routes any more/);
  const { label } = control.http.kubernetes[0]!;
  const news = { source: label, state: 'current', error: undefined, failures: 0, plannedMs: 1 } as const;
  control.plane.routesChanged({ ...news, plan: { hosts: [{ host: 'x;y' }] } as never });
  assert.match(shown().refusal!, /is no host|is no list/);
  control.refusal = 'a worker has no room';
  control.says('b.test');
  await until(() => /a worker has no room/.test(shown().refusal ?? ''), 'the refusal', PATIENCE_MS);
  control.keeper.apply({ http: undefined } as Model); // of a reload that is refused
  assert.deepEqual(shown().hosts, [{ host: 'a.test', routes: 1 }]);
  control.refusal = undefined;
  control.says('c.test');
  await until(() => control.inForce.length === 2, 'the next one', PATIENCE_MS);
  assert.deepEqual(control.inForce, ['a.test', 'c.test']);
  assert.equal(shown().refusal, undefined);
});
