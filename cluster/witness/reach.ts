/** A weak witness: enough others can be reached, so it is not this node that is cut off. Both nodes may find that. */
import { connect } from 'node:net';
import type { ReachTarget, WitnessModel } from '#model/cluster/heartbeat.ts';
import { gateways, type Neighbour, neighbourAnswers, neighboursAt } from './neighbour.ts';
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

  /** No longer than it takes until so many have answered. */
  async ask(): Promise<number> {
    const { least, targets } = this.#model;
    const sentMs = this.#options.nowMs();
    let count = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const all = targets.map(async target => {
      if ((await this.#answers(target).catch(() => false)) && ++count >= least) resolve();
    });
    await Promise.race([promise, Promise.all(all)]);
    if (count >= least) return sentMs + VALID_MS;
    throw new Error(`${count} of ${targets.length} can be reached, and ${least} must be`);
  }

  #answers(target: ReachTarget): Promise<boolean> {
    switch (target.type) {
      case 'port':
        return this.#takesConnection(target);
      case 'neighbour':
        return this.#anyAnswers(neighboursAt(target.address));
      case 'gateway':
        return this.#anyAnswers(gateways());
    }
  }

  async #anyAnswers(neighbours: readonly Neighbour[]): Promise<boolean> {
    const { patienceMs } = this.#options;
    const asked = neighbours.map(async one => {
      if (!(await neighbourAnswers(one, patienceMs))) throw new Error('it does not answer');
    });
    return Promise.any(asked).then(
      () => true,
      () => false,
    );
  }

  /** A connection that is refused is an answer, too. */
  #takesConnection({ address, port }: Extract<ReachTarget, { type: 'port' }>): Promise<boolean> {
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

  async forfeit(): Promise<void> {}
}
