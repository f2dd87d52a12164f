/** What two nodes should have the same: what differs is told, once. */
import type { Log } from '../log.ts';
import type { NodeSays } from './says.ts';

export interface OwnFacts {
  readonly node: string;
  readonly timeoutMs: number;
  /** '': none. */
  readonly witness: string;
}

export class Comparison {
  readonly #own: OwnFacts;
  readonly #log: Log;
  #wasOtherRevision = false;
  #told = '';

  constructor(own: OwnFacts, log: Log) {
    this.#own = own;
    this.#log = log;
  }

  facts({ node, timeoutMs, witness }: NodeSays): void {
    const own = this.#own;
    const key = `${node} ${timeoutMs} ${witness}`;
    if (key === this.#told) return;
    this.#told = key;
    const tell = (what: string) => this.#log.error(`heartbeat: ${what}`);
    if (node === own.node) tell(`the other node is called ${node}, too: a witness cannot tell them apart`);
    if (timeoutMs !== own.timeoutMs)
      tell(`${node} has a timeout of ${timeoutMs} ms, and this node of ${own.timeoutMs} ms`);
    if (witness !== own.witness)
      tell(`${node} asks ${witness || 'no witness'}, and this node ${own.witness || 'none'}`);
  }

  revision(node: string, isOther: boolean): void {
    if (isOther === this.#wasOtherRevision) return;
    this.#wasOtherRevision = isOther;
    if (isOther) this.#log.warn(`heartbeat: ${node} has another configuration than this node`);
    else this.#log.notice(`heartbeat: ${node} has the same configuration as this node again`);
  }
}
