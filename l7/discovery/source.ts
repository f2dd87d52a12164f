/** One source at work: followed for as long as somebody wants it, with pauses that grow where it fails. */
import type { Log } from '#kit/log.ts';
import type { DiscoveryModel } from '#model/l7/discovery.ts';
import { addressText } from '../upstream/member.ts';
import { Refusal } from './answer.ts';
import type { Follow, FollowHands } from './follow.ts';
import { type Found, sift } from './found.ts';
import { pause } from './pause.ts';

export interface SourceMeans {
  readonly log: () => Log;
  /** ms since 1970. */
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** After the first fault; a second where it is not said. */
  readonly firstPauseMs?: number;
  readonly read: FollowHands['read'];
}

/** How a source is doing, for lists and metrics. */
export interface SourceFigures {
  readonly source: string;
  readonly members: number;
  /** `waiting`: it never named anybody; `kept`: members from before moat started; `stale`: it fails, and its last members stay. */
  readonly state: 'waiting' | 'kept' | 'current' | 'stale';
  /** When it last gave an answer that was taken, in ms since 1970. */
  readonly succeededMs: number | undefined;
  readonly error: string | undefined;
  readonly errorMs: number | undefined;
  /** Questions that failed, since the process began. */
  readonly failures: number;
  /** Answers that were not taken: no JSON, too long, of a wrong form, nobody in them. */
  readonly refused: number;
  /** Of the last answer, those that may not be members. */
  readonly leftOut: number;
}

const FIRST_PAUSE_MS = 1000;
const MOST_PAUSE_MS = 60_000;
/** Of addresses in one line of the log. */
const MOST_TOLD = 20;
const MOST_ERROR = 400;

export class Source {
  readonly model: DiscoveryModel;
  /** Resolves when the first answer or fault is there. */
  readonly first: Promise<void>;
  readonly #first = Promise.withResolvers<void>();
  readonly #means: SourceMeans;
  readonly #changed: () => void;
  readonly #end = new AbortController();
  #found: readonly Found[];
  #state: SourceFigures['state'];
  #succeededMs: number | undefined;
  #error: string | undefined;
  #errorMs: number | undefined;
  #failures = 0;
  #refused = 0;
  #leftOut = 0;
  /** Faults since the last answer that was taken. */
  #faults = 0;

  /**
   * @param kept whom it named before moat started, and when; undefined: nothing is known
   * @param changed told when it names others than before
   */
  constructor(
    model: DiscoveryModel,
    follow: Follow,
    kept: { readonly members: readonly Found[]; readonly succeededMs: number } | undefined,
    means: SourceMeans,
    changed: () => void,
  ) {
    this.model = model;
    this.#means = means;
    this.#changed = changed;
    this.#found = kept?.members ?? [];
    this.#succeededMs = kept?.succeededMs;
    this.#state = kept ? 'kept' : 'waiting';
    this.first = kept ? Promise.resolve() : this.#first.promise;
    void this.#run(follow);
  }

  get found(): readonly Found[] {
    return this.#found;
  }

  get succeededMs(): number | undefined {
    return this.#succeededMs;
  }

  close(): void {
    this.#end.abort();
    this.#first.resolve();
  }

  figures(): SourceFigures {
    return {
      source: this.model.label,
      members: this.#found.length,
      state: this.#state,
      succeededMs: this.#succeededMs,
      error: this.#error,
      errorMs: this.#errorMs,
      failures: this.#failures,
      refused: this.#refused,
      leftOut: this.#leftOut,
    };
  }

  async #run(follow: Follow): Promise<void> {
    const { signal } = this.#end;
    const hands: FollowHands = {
      take: (found, unclear) => this.#take(found, unclear),
      fail: fault => this.#fail(fault),
      read: (path, known) => this.#means.read(path, known),
    };
    while (!signal.aborted) {
      try {
        await follow(hands, signal);
      } catch (fault) {
        this.#fail(fault as Error);
      }
      await pause(this.#pauseMs(), signal);
    }
  }

  /** Many moats that lose one source do not all come back at once. */
  #pauseMs(): number {
    const { random, firstPauseMs = FIRST_PAUSE_MS } = this.#means;
    const mostMs = Math.min(MOST_PAUSE_MS, firstPauseMs * 2 ** Math.max(0, this.#faults - 1));
    return mostMs * (0.5 + random() / 2);
  }

  #take(named: readonly Found[], unclear: readonly string[] = []): void {
    if (this.#end.signal.aborted) return;
    const { members, leftOut } = sift(named, this.model);
    this.#tellLeftOut([...unclear, ...leftOut]);
    if (members.length === 0 && !this.model.allowEmpty && this.#found.length > 0)
      return this.#fail(new Refusal('it names no members'));
    const recovered = this.#faults > 0 || this.#state === 'waiting';
    this.#faults = 0;
    this.#state = 'current';
    this.#succeededMs = this.#means.nowMs();
    const same = JSON.stringify(members) === JSON.stringify(this.#found);
    this.#found = members;
    this.#first.resolve();
    if (!same || recovered) this.#tell();
    if (!same) this.#changed();
  }

  #tell(): void {
    const texts = this.#found.map(one => addressText({ unixPath: undefined, ...one }));
    const more = texts.length > MOST_TOLD ? ` and ${texts.length - MOST_TOLD} more` : '';
    const list = texts.slice(0, MOST_TOLD).join(' ') || 'nobody';
    this.#means.log().notice(`discover ${this.model.label}: names ${list}${more}`);
  }

  #tellLeftOut(leftOut: readonly string[]): void {
    if (leftOut.length > this.#leftOut)
      this.#means
        .log()
        .warn(
          `discover ${this.model.label}: ${leftOut.length} left out, the first is ${leftOut[0]!.slice(0, MOST_ERROR)}`,
        );
    this.#leftOut = leftOut.length;
  }

  /** What was known stays in use. */
  #fail(fault: Error): void {
    if (this.#end.signal.aborted) return;
    if (fault instanceof Refusal) this.#refused++;
    else this.#failures++;
    const message = fault.message.slice(0, MOST_ERROR);
    const isNews = this.#faults === 0 || message !== this.#error;
    this.#faults++;
    this.#error = message;
    this.#errorMs = this.#means.nowMs();
    if (this.#state === 'current' || this.#found.length > 0) this.#state = 'stale';
    const held = this.#found.length > 0 ? `, the ${this.#found.length} members that it named last stay` : '';
    if (isNews) this.#means.log().error(`discover ${this.model.label}: ${message}${held}`);
    this.#first.resolve();
  }
}
