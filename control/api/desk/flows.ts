/** Connections of the L4 tier, page by page. Who pages through a table that lives sees each flow that stays there once. */

import { onceAtATime } from '#kit/once-at-a-time.ts';
import type { NamedFlow } from '#l4';
import { MOST_CONNECTIONS } from '../../status/server.ts';
import { refuse } from '../refusal.ts';
import type { FlowPage, FlowQuestion } from './questions.ts';

/** The table is walked that seldom, whoever asks. */
const FRESH_MS = 2000;

interface Keyed {
  readonly key: string;
  readonly flow: NamedFlow;
}

const keyOf = ({ protocol, client, clientPort, virtual, virtualPort }: NamedFlow): string =>
  `${protocol} ${client} ${clientPort} ${virtual} ${virtualPort}`;

const endpoint = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

export class FlowPages {
  readonly #look: () => Promise<readonly Keyed[] | undefined>;
  #kept: readonly Keyed[] | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(flows: (most: number) => Promise<readonly NamedFlow[] | undefined>) {
    this.#look = onceAtATime(async () => {
      const found = await flows(MOST_CONNECTIONS);
      const keyed = found?.map(flow => ({ key: keyOf(flow), flow }));
      this.#kept = keyed?.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      this.#lookedMs = performance.now();
      setTimeout(() => this.#forget(), 2 * FRESH_MS).unref(); // a hundred thousand of them are not for keeping
      return this.#kept;
    });
  }

  #forget(): void {
    if (performance.now() - this.#lookedMs >= FRESH_MS) this.#kept = undefined;
  }

  /** @throws {Refusal} when there is no L4 tier */
  async page({ virtual, real, client, after, limit }: FlowQuestion): Promise<FlowPage> {
    const isFresh = this.#kept && performance.now() - this.#lookedMs < FRESH_MS;
    const all = isFresh ? this.#kept! : await this.#look();
    if (!all) throw refuse(503, 'l4-down', 'there is no L4 process that answers');
    const found: Keyed[] = [];
    for (const one of all) {
      if (after !== undefined && one.key <= after) continue;
      const { flow } = one;
      if (real !== undefined && flow.real !== real) continue;
      if (client !== undefined && flow.client !== client) continue;
      if (virtual !== undefined && endpoint(flow.virtual, flow.virtualPort) !== virtual) continue;
      found.push(one);
      if (found.length > limit) break;
    }
    const shown = found.slice(0, limit);
    return {
      flows: shown.map(({ flow }) => flow),
      next: found.length > limit ? shown.at(-1)!.key : undefined,
      isCut: all.length >= MOST_CONNECTIONS,
    };
  }
}
