/** The streams of a connection: those that are open, and what is known of those that are not any more, or not yet. */
import { ConnectionFault, FLOW_CONTROL_ERROR } from '../../wire/h2/frame.ts';
import { identifier } from '../../wire/h2/frame-check.ts';
import { Recent } from './recent.ts';
import type { H2Stream } from './stream.ts';

/** Streams that moat closed while their clients could still send: frames on them are no fault. */
const MOST_CUT = 128;
/** Streams that are not open yet and have a priority already. */
const MOST_EARLY = 32;

export class Streams {
  /** The highest that the client has opened. */
  last = 0;
  readonly #open = new Map<number, H2Stream>();
  #cut: Recent<true> | undefined;
  #early: Recent<number> | undefined;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  get(id: number): H2Stream | undefined {
    return this.#open.get(id);
  }

  add(stream: H2Stream): void {
    this.#open.set(stream.streamId, stream);
  }

  /** The stream is over on moat's side. @param open the client may still send on it. @returns whether it was known */
  remove({ streamId }: H2Stream, open: boolean): boolean {
    if (!this.#open.delete(streamId)) return false;
    if (open) this.rememberCut(streamId);
    return true;
  }

  /** moat closed it while the client can still send. */
  rememberCut(id: number): void {
    (this.#cut ??= new Recent(MOST_CUT)).set(id, true);
  }

  wasCut(id: number): boolean {
    return this.#cut?.has(id) === true;
  }

  /** Streams that were not opened yet have no business in most frames (RFC 9113 §5.1). @throws {ConnectionFault} */
  mustBeKnown(id: number, frame: string): void {
    identifier(id !== 0 && id <= this.last && id % 2 === 1, frame);
  }

  /** RFC 9218 §7.1: also for streams that are not open yet. */
  prioritize(id: number, priority: number): void {
    const open = this.#open.get(id);
    if (open) open.priority = priority;
    else if (id > this.last) (this.#early ??= new Recent(MOST_EARLY)).set(id, priority);
  }

  /** What was said of the stream before it was opened. */
  earlyPriority(id: number): number | undefined {
    return this.#early?.take(id);
  }

  /**
   * RFC 9113 §6.9.2: a new initial window changes those of open streams, which may become negative.
   *
   * @throws {ConnectionFault}
   */
  shiftWindows(change: number): void {
    for (const stream of this.#open.values()) {
      if (!stream.shift(change))
        throw new ConnectionFault(FLOW_CONTROL_ERROR, 'SETTINGS frame beyond the largest window');
    }
  }

  /** The transport has room again. */
  drained(): void {
    for (const stream of this.#open.values()) stream.drained();
  }

  /** The connection is gone, and they with it. */
  drop(): void {
    for (const stream of [...this.#open.values()]) stream.lost();
    this.#open.clear();
  }
}
