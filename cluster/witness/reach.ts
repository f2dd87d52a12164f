/** A weak witness: enough others can be reached, so it is not this node that is cut off. Both nodes may find that. */
import { connect } from 'node:net';
import type { WitnessModel } from '#model/cluster/heartbeat.ts';
import type { Witness, WitnessOptions } from './witness.ts';

type Model = Extract<WitnessModel, { type: 'reach' }>;
/** For so long what was found is relied on. */
const VALID_MS = 3000;

export class ReachWitness implements Witness {
  readonly name: string;
  readonly #model: Model;
  readonly #options: WitnessOptions;

  constructor(model: Model, options: WitnessOptions) {
    this.#model = model;
    this.#options = options;
    this.name = `reach ${model.least} of ${model.targets.length}`;
  }

  async ask(): Promise<number> {
    const { least, targets } = this.#model;
    const sentMs = this.#options.nowMs();
    const found = await Promise.all(targets.map(target => this.#answers(target)));
    const count = found.filter(Boolean).length;
    if (count >= least) return sentMs + VALID_MS;
    throw new Error(`${count} of ${targets.length} can be reached, and ${least} must be`);
  }

  /** A connection that is refused is an answer, too. */
  #answers({ address, port }: Model['targets'][number]): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect({ host: address, port });
    const timer = setTimeout(resolve, this.#options.patienceMs, false);
    socket.on('connect', () => resolve(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
    return promise.finally(() => {
      clearTimeout(timer);
      socket.destroy();
    });
  }

  async giveBack(): Promise<void> {}
}
