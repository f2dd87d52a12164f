/** The sources that pools find members by, each followed once, and whom they name now. */
import type { DiscoveryModel } from '#model/l7/discovery.ts';
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import { addressText } from '../upstream/member.ts';
import { memberOf, sift } from './found.ts';
import type { KeptSource } from './kept.ts';
import { Source, type SourceFigures, type SourceMeans } from './source.ts';
import { followOf } from './table.ts';

export interface BookMeans extends SourceMeans {
  /** Told when a source names others than before. */
  readonly changed: (key: string) => void;
}

/** So long a start or reload waits for sources of which nothing is known. */
const START_PATIENCE_MS = 5000;

/** Two lines that want the same share what is found; what members are like is each line's own. */
const keyOf = ({ member: _, ...source }: DiscoveryModel): string => `discover ${JSON.stringify(source)}`;

export const sourceKeysOf = ({ discovery }: PoolModel): string[] => discovery.map(keyOf);

export class DiscoveryBook {
  readonly #means: BookMeans;
  readonly #sources = new Map<string, Source>();

  constructor(means: BookMeans) {
    this.#means = means;
  }

  /** Begins to follow what is new; resolves when it is known, or after a while. @param kept whom sources named before */
  async want(pools: readonly PoolModel[], kept: readonly KeptSource[]): Promise<void> {
    const models = pools.flatMap(({ discovery }) => discovery);
    for (const model of models) {
      const key = keyOf(model);
      if (!this.#sources.has(key)) this.#sources.set(key, this.#open(key, model, kept));
    }
    const first = models.map(model => this.#sources.get(keyOf(model))!.first);
    if (first.length === 0) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, START_PATIENCE_MS);
    await Promise.race([Promise.all(first), late.promise]);
    clearTimeout(timer);
  }

  #open(key: string, model: DiscoveryModel, kept: readonly KeptSource[]): Source {
    const before = kept.find(({ source }) => source === model.label);
    return new Source(model, followOf(model), before && stillFit(before, model), this.#means, () =>
      this.#means.changed(key),
    );
  }

  /** The pool with those that its sources name: a line goes before a source, and a source before those below it. */
  with(pool: PoolModel): PoolModel {
    if (pool.discovery.length === 0) return pool;
    const taken = new Set(pool.members.map(addressText));
    const found: MemberModel[] = [];
    for (const [, member] of this.#named(pool)) {
      if (taken.has(member.name)) continue;
      taken.add(member.name);
      found.push(member);
    }
    return { ...pool, members: [...pool.members, ...found] };
  }

  /** Which sources name an address, by their labels. */
  namers(pool: PoolModel): Map<string, string[]> {
    const namers = new Map<string, string[]>();
    for (const [label, { name }] of this.#named(pool)) {
      const labels = namers.get(name);
      if (labels) labels.push(label);
      else namers.set(name, [label]);
    }
    return namers;
  }

  *#named({ discovery }: PoolModel): Generator<[label: string, member: MemberModel]> {
    for (const model of discovery)
      for (const found of this.#sources.get(keyOf(model))?.found ?? [])
        yield [model.label, memberOf(found, model)];
  }

  figures({ discovery }: PoolModel): SourceFigures[] {
    return discovery.flatMap(model => this.#sources.get(keyOf(model))?.figures() ?? []);
  }

  /** What is worth keeping. */
  kept(): KeptSource[] {
    return [...this.#sources.values()].flatMap(({ model, found, succeededMs }) =>
      succeededMs === undefined ? [] : [{ source: model.label, succeededMs, members: found }],
    );
  }

  /** Lets go of sources that no configuration has any more. */
  keepOnly(pools: readonly PoolModel[]): void {
    const keys = new Set(pools.flatMap(sourceKeysOf));
    for (const [key, source] of this.#sources) {
      if (keys.has(key)) continue;
      source.close();
      this.#sources.delete(key);
    }
  }
}

/** The rules of today hold for those of yesterday. */
function stillFit(kept: KeptSource, model: DiscoveryModel): KeptSource | undefined {
  try {
    return { ...kept, members: sift(kept.members, model).members };
  } catch {
    return undefined; // there may be fewer now
  }
}
