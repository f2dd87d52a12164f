/** `track script`: a program, by its exit code, after so many the same in a row. */
import type { TrackScriptModel } from '#model/cluster/track.ts';
import { endOf, startProgram } from '#native/program.ts';
import { lookEvery, type Report, type Tracker, type TrackStatus } from './tracker.ts';

export function trackScript(script: TrackScriptModel, scriptUser: string, report: Report): Tracker {
  const streak = new Streak(script);
  const abort = new AbortController();
  const look = async () => streak.next(await runOnce(script, script.user ?? scriptUser, abort.signal));
  const tracker = lookEvery(script.intervalMs, look, report);
  return {
    stop() {
      tracker.stop();
      abort.abort();
    },
  };
}

/** The first answer counts at once; later ones when they have come `rise` or `fall` times in a row. */
class Streak {
  readonly #script: TrackScriptModel;
  #settled: TrackStatus | undefined;
  #differing = 0;

  constructor(script: TrackScriptModel) {
    this.#script = script;
  }

  next(status: TrackStatus): TrackStatus {
    const { rise, fall } = this.#script;
    if (!this.#settled || this.#settled.ok === status.ok) {
      this.#differing = 0;
      this.#settled = status;
    } else if (++this.#differing >= (status.ok ? rise : fall)) {
      this.#differing = 0;
      this.#settled = status;
    }
    return this.#settled;
  }
}

async function runOnce(
  { command, timeoutMs }: TrackScriptModel,
  user: string,
  signal: AbortSignal,
): Promise<TrackStatus> {
  const { code, says } = await endOf(startProgram(user, command), signal, timeoutMs);
  return { ok: code === 0, says };
}
