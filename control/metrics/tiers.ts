/** Metrics of the tiers beside L7, gathered when somebody asks, once a second at most: who scrapes often costs no more. */
import type { ClusterFigures, ClusterPlane } from '#cluster';
import type { GslbPlane } from '#gslb';
import { Exposition } from '#kit/exposition.ts';
import { onceAtATime } from '#kit/once-at-a-time.ts';
import { within } from '#kit/within.ts';
import type { L4Figures, L4Plane } from '#l4';
import type { L7Plane, PoolSources, StoreFigures } from '#l7';
import type { AcmeKeeper } from '../acme/keeper.ts';
import type { RouteKeeper } from '../kubernetes/keeper.ts';
import { writeAcme } from './acme.ts';
import { writeSources } from './discovery.ts';
import { writeGslb } from './gslb.ts';
import { writeRoutes } from './kubernetes.ts';
import { writeL4 } from './l4.ts';
import { writeStore } from './store.ts';
import { writeVrrp } from './vrrp.ts';

/** The planes whose figures are told. */
export interface Tiers {
  readonly l4: L4Plane;
  readonly cluster: ClusterPlane;
  readonly plane: L7Plane;
  readonly acme: AcmeKeeper | undefined;
  readonly gslb: GslbPlane | undefined;
  readonly routes: RouteKeeper;
}

const FRESH_MS = 1000;
/** A tier that takes longer is told of as down. */
const PATIENCE_MS = 2000;

export class TierMetrics {
  readonly #tiers: Tiers;
  readonly #l4: () => Promise<L4Figures | undefined>;
  readonly #cluster: () => Promise<ClusterFigures | undefined>;
  readonly #store: () => Promise<StoreFigures | undefined>;
  readonly #sources: () => Promise<readonly PoolSources[] | undefined>;
  #text: Promise<string> | undefined;
  #gatheredMs = 0;

  constructor(tiers: Tiers) {
    this.#tiers = tiers;
    this.#l4 = onceAtATime(() => tiers.l4.figures());
    this.#cluster = onceAtATime(() => tiers.cluster.figures());
    this.#store = onceAtATime(() => tiers.plane.store());
    this.#sources = onceAtATime(() => tiers.plane.sources());
  }

  /** Families as Prometheus reads them; none of a tier that the configuration does not have. */
  text(): Promise<string> {
    const nowMs = performance.now();
    if (this.#text && nowMs - this.#gatheredMs < FRESH_MS) return this.#text;
    this.#gatheredMs = nowMs;
    this.#text = this.#gather();
    return this.#text;
  }

  async #gather(): Promise<string> {
    const { l4, cluster, gslb } = this.#tiers;
    const hasStore = cluster.model?.sessionStore !== undefined;
    const [l4Figures, clusterFigures, storeFigures, sources, gslbFigures] = await Promise.all([
      l4.model && within(PATIENCE_MS, this.#l4()),
      cluster.model && within(PATIENCE_MS, this.#cluster()),
      hasStore ? within(PATIENCE_MS, this.#store()) : undefined,
      within(PATIENCE_MS, this.#sources()),
      gslb?.inForce && within(PATIENCE_MS, gslb.figures()),
    ]);
    const page = new Exposition();
    if (l4.model) writeL4(page, l4Figures);
    if (cluster.model) writeVrrp(page, clusterFigures);
    if (gslb?.inForce) writeGslb(page, gslbFigures);
    if (storeFigures) writeStore(page, storeFigures);
    if (this.#tiers.acme) writeAcme(page, this.#tiers.acme);
    if (sources) writeSources(page, sources);
    const { shown } = this.#tiers.routes;
    if (shown.length > 0) writeRoutes(page, shown);
    return page.text();
  }
}
