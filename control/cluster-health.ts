/** Tells the cluster how the other tiers are, as long as the right to an address hangs on it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterPlane, PlaneHealth } from '#cluster';
import { within } from '#kit/within.ts';
import type { L4Figures, L4Plane, SyncFigures } from '#l4';
import type { L7Plane } from '#l7';
import { NodeSampler } from './node-sampler.ts';

const EVERY_MS = 1000;
/** A tier that takes longer to say how it is cannot answer clients either. */
const PATIENCE_MS = 2000;
const AGAIN_MS = 50;

interface Tiers {
  readonly cluster: ClusterPlane;
  readonly l4: L4Plane;
  readonly plane: L7Plane;
}

export class ClusterHealth {
  readonly #tiers: Tiers;
  readonly #sampler = new NodeSampler();
  #timer: NodeJS.Timeout | undefined;

  constructor(tiers: Tiers) {
    this.#tiers = tiers;
  }

  /** Looks now, and then every second; not at all where nobody wants to know. */
  async follow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#tiers.cluster.wantsHealth) return;
    const timer = setTimeout(() => void this.follow(), EVERY_MS + PATIENCE_MS).unref();
    this.#timer = timer;
    await this.#tiers.cluster.tell(await this.#look());
    if (this.#timer !== timer) return; // another configuration, which has begun anew
    clearTimeout(timer);
    this.#timer = setTimeout(() => void this.follow(), EVERY_MS).unref();
  }

  /** One that died forwards on in the kernel: its next life is waited for. Never rejects. */
  async #l4Figures(): Promise<L4Figures | undefined> {
    const { l4 } = this.#tiers;
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const figures = await l4.figures();
      if (figures || !l4.model || performance.now() > endMs) return figures;
      await sleep(AGAIN_MS, undefined, { ref: false });
    }
  }

  async #look(): Promise<PlaneHealth> {
    const { plane } = this.#tiers;
    const askedMs = performance.now();
    const status = within(PATIENCE_MS, plane.status());
    // All workers are asked: the slowest one counts.
    const sampled = status.then(got => this.#sampler.next(got, performance.now() - askedMs));
    const [figures, told, node] = await Promise.all([
      within(PATIENCE_MS, this.#l4Figures()),
      status,
      sampled,
    ]);
    const alive = told?.workers.length ?? 0;
    return {
      l4: figures?.services.map(({ name, reals, quorum }) => ({
        name,
        quorum,
        up: reals.filter(({ state, weight }) => state === 'alive' && weight > 0).length,
      })),
      ...{ flows: flowsOf(figures?.sync), node },
      l7: { ok: alive > 0, says: alive > 0 ? `${alive} workers answer` : 'the L7 process does not answer' },
    };
  }
}

const flowsOf = (sync: SyncFigures | undefined): PlaneHealth['flows'] =>
  sync && { isReady: sync.isReady, says: waitsFor(sync) };

function waitsFor({ state, unanswered = 0 }: SyncFigures): string {
  if (state === 'alone') return 'the other director, whose flows it wants to know, is not heard';
  if (state === 'in-step' && unanswered > 0)
    return `${unanswered} of its health checks have had no answer yet`;
  return 'it does not know all flows of the other director yet';
}
