/** What all trackers have in common: they find out again and again whether something is well. */

export interface TrackStatus {
  readonly ok: boolean;
  /** What was found, in words. */
  readonly says: string;
  /** Of a file: the number in it. */
  readonly value?: number;
  /** Of the node's health: how ill it is, 0..1. */
  readonly illness?: number;
}

export type Report = (status: TrackStatus) => void;

export interface Tracker {
  stop(): void;
}

/** Looks now and then; the next look waits for the one before, and a look that fails is told as not ok. */
export function lookEvery(intervalMs: number, look: () => Promise<TrackStatus>, report: Report): Tracker {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const round = async () => {
    const status = await look().catch((fault: Error) => ({ ok: false, says: fault.message }));
    if (stopped) return;
    report(status);
    timer = setTimeout(round, intervalMs);
  };
  void round();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
