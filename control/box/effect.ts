/** What came of something that was done to the box: how soon the directors knew, and what the client noticed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RealFigures } from '#l4';
import { durationText } from '../status/text.ts';
import type { Box } from './box.ts';
import type { Node } from './node.ts';
import type { TrafficReport } from './traffic.ts';

const POLL_MS = 20;
const PATIENCE_MS = 15_000;
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

  /** What the client noticed, some time later. */
  async noticed(): Promise<string> {
    await sleep(SETTLE_MS);
    const [before, now] = [this.#before, this.#box.traffic];
    const failed = now.failed - before.failed;
    const parts = [
      `${failed} of ${now.sent - before.sent} requests failed${failed > 0 ? faults(before, now) : ''}`,
    ];
    if (now.download.broken > before.download.broken) parts.push('the download broke');
    return parts.join(', ');
  }
}

function faults(before: TrafficReport, now: TrafficReport): string {
  const grown = Object.entries(now.faults).flatMap(([fault, count]) => {
    const more = count - (before.faults[fault] ?? 0);
    return more > 0 ? [`${fault} ${more}`] : [];
  });
  return ` (${grown.join(', ')})`;
}
