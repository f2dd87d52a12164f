/** add_before_body, add_after_body: bodies of other locations around a body. */
import { insertedRequest } from '../downstream/subrequest.ts';
import type { Exchange, SourceHolder } from '../exchange.ts';
import type { BodySink } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';

export function additionFilter({ location }: Compiler): HeaderFilter | undefined {
  const { before, after, types } = location.settings.addition;
  if (before === '' && after === '') return undefined;
  return (exchange, response) => {
    if (exchange.main !== exchange || response.status !== 200) return;
    if (types !== 'any' && !types.includes(response.mediaType)) return;
    response.bodyChanges();
    exchange.addFilter(next => new AdditionSink(next, exchange, before, after));
  };
}

/**
 * The body passes in three parts: what stands before, the answer's own, what stands behind. A part that comes before its
 * turn is held, and its source with it.
 */
class AdditionSink implements BodySink, SourceHolder {
  readonly #next: BodySink;
  readonly #exchange: Exchange;
  readonly #after: string;
  #before: string;
  /** Who makes the part that is passing, when it is not the answer itself. */
  #child: Exchange | undefined;
  #held: Buffer[] = [];
  /** Whether the client keeps up, and no other part is passing. */
  #ready = false;
  #paused = false;
  #ended = false;

  constructor(next: BodySink, exchange: Exchange, before: string, after: string) {
    this.#next = next;
    this.#exchange = exchange;
    this.#before = before;
    this.#after = after;
    exchange.onEnd(() => this.#child?.abort());
  }

  write(data: Buffer): boolean {
    if (this.#before === '' && !this.#child) return this.#next.write(data);
    // What is read for the other part may come into the same buffer.
    this.#held.push(Buffer.from(data));
    this.#begin();
    this.#paused = !this.#ready;
    return this.#ready;
  }

  end(): void {
    this.#ended = true;
    this.#begin();
    if (!this.#child) this.#finish();
  }

  #begin(): void {
    const path = this.#before;
    this.#before = '';
    if (path !== '') this.#insert(path, () => this.#goOn());
  }

  /** The answer's own part, as far as it came already. */
  #goOn(): void {
    this.#ready = true;
    for (const data of this.#held) this.#ready = this.#next.write(data);
    this.#held = [];
    if (this.#ended) this.#finish();
    else if (this.#ready && this.#paused) this.#exchange.resumeSource();
  }

  #finish(): void {
    if (this.#after === '') this.#next.end();
    else this.#insert(this.#after, () => this.#next.end());
  }

  #insert(path: string, then: () => void): void {
    const child = insertedRequest(this.#exchange, { path, args: '', method: 'GET' }, this.#next, complete => {
      this.#child = undefined;
      this.#exchange.releaseSource(this);
      // Half of a part must not pass as whole.
      if (complete) then();
      else this.#exchange.abort(502);
    });
    this.#child = child;
    this.#exchange.holdSource(this);
    child.start();
  }

  /** The client took what was waiting: the part that is passing goes on. */
  drained(): void {
    this.#child?.resumeSource();
  }
}
