/** What came of something that was done to the box: how soon the directors knew, and what the client noticed. */

import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '#kit/monotonic.ts';
import type { RealFigures } from '#l4';
import { durationText } from '../status/text.ts';
import type { Box } from './box.ts';
import { harmOf } from './harm.ts';
import type { Node } from './node.ts';
import { longestSince } from './silence.ts';
import { lengthOf } from './span.ts';
import type { TrafficReport } from './traffic.ts';

const POLL_MS = 20;
const PATIENCE_MS = 15_000;
/** Within this time a node knows of a wire that was put back, or that it was given a command. */
const NOTICED_MS = 300;
/** What follows is waited for: requests that are under way, and the client's next report. */
const SETTLE_MS = 2000;

export type RealState = RealFigures['state'];

const WORDS: Partial<Record<RealState, string>> = {
  dead: 'real server down',
  alive: 'real server up',
  draining: 'no new connections',
};

export class Effect {
  readonly #box: Box;
  readonly #before: TrafficReport;
  readonly #beganMs = performance.now();
  readonly #sinceMs = monotonicMs();

  /** From now on. */
  constructor(box: Box) {
    this.#box = box;
    this.#before = box.traffic;
  }

  /** Waits until all directors that answer have a proxy in this state. */
  async known(proxy: Node, state: RealState): Promise<string> {
    for (;;) {
      const answers = await this.#box.look();
      if (answers.length === 0) return 'no director has a moat that would notice';
      const tookMs = performance.now() - this.#beganMs;
      if (this.#box.statesOf(proxy).every(now => now === state))
        return `${WORDS[state] ?? state} after ${Math.round(tookMs)} ms`;
      if (tookMs > PATIENCE_MS) return `not ${state} within ${durationText(PATIENCE_MS)}`;
      await sleep(POLL_MS);
    }
  }

  /** Waits until one node alone has the virtual addresses. @returns which, why, and how long they did not answer */
  async held(): Promise<string> {
    const box = this.#box;
    await sleep(NOTICED_MS);
    await box.settled();
    const owners = box.owners().map(({ name }) => name);
    if (owners.length !== 1) return `${owners.join(' and ') || 'nobody'} has the addresses`;
    const { active } = box;
    const last = active && box.standing(active)?.last;
    const why = last && Date.now() - last.atMs < performance.now() - this.#beganMs ? ` (${last.reason})` : '';
    return `${active?.name} has the addresses${why}`;
  }

  /** How long the virtual addresses answered no ping, at most. */
  get silence(): string {
    const longest = longestSince(this.#box.probe, this.#sinceMs);
    return longest
      ? `no answer from ${longest.address} for ${Math.round(lengthOf(longest))} ms`
      : 'every ping answered';
  }

  /** What the client noticed, some time later. */
  async noticed(): Promise<string> {
    await sleep(SETTLE_MS);
    const { sent, failed, faults, kept, lost, brokenDownloads } = harmOf(this.#before, this.#box.traffic);
    const parts = [`${failed} of ${sent} requests failed${failed > 0 ? ` (${faults})` : ''}`];
    if (lost > 0) parts.push(`${lost} of ${kept} kept connections lost`);
    if (brokenDownloads > 0) parts.push('the download broke');
    return parts.join(', ');
  }
}
