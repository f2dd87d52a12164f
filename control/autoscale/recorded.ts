/** What the history of metrics has of a curve, by minute. */
import { fromCell, MINUTES, type RingFile } from '../api/history/ring-file.ts';

const MINUTE_S = 60;

/** Begin and mean of each minute that is known, oldest first; none when there is no such curve. */
export function minutesOf(file: RingFile, name: string): [atS: number, mean: number][] {
  const slot = file.names().indexOf(name);
  if (slot === -1) return [];
  const cells = file.minutes(slot);
  const last = Math.floor(file.lastS / MINUTE_S);
  const points: [number, number][] = [];
  for (let minute = Math.max(0, last - MINUTES + 1); minute < last; minute++) {
    const mean = fromCell(cells[(minute % MINUTES) * 2]!);
    if (mean !== undefined) points.push([minute * MINUTE_S, mean]);
  }
  return points;
}
