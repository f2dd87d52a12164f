/** What came of the faults of a drill, as text. */
import { tableOf } from '../status/text.ts';
import type { Blow } from './drill.ts';

/** What was seen of one, in words; nothing of what did not happen, but for the requests. */
export function seenOf(blow: Blow): string[] {
  const { before, meanwhile, takenMs, because, sent, failed, faults, kept, lost, notes } = blow;
  const after = takenMs === undefined ? '' : ` after ${Math.round(takenMs)} ms (${because})`;
  const spans: readonly (readonly [string, number])[] = [
    ['no answer to pings', blow.silenceMs],
    ['no answer to pings when mended', blow.mendedSilenceMs],
    ['two owners', blow.twoMs],
    ['nobody had the addresses', blow.noneMs],
  ];
  return [
    ...(before === meanwhile ? [] : [`the addresses went from ${before} to ${meanwhile}${after}`]),
    ...spans.flatMap(([what, ms]) => (ms > 0 ? [`${what} for ${ms} ms`] : [])),
    `${failed} of ${sent} requests failed${failed > 0 ? ` (${faults})` : ''}`,
    ...(lost > 0 ? [`${lost} of ${kept} kept connections lost`] : []),
    ...(blow.brokenDownloads > 0 ? ['the download broke'] : []),
    ...notes,
  ];
}

const HEAD = [
  'fault',
  'addresses',
  'taken after',
  'silent',
  'when mended',
  'two owners',
  'nobody',
  'requests failed',
  'connections lost',
  'downloads broken',
] as const;

export const tableOfBlows = (blows: readonly Blow[]): string =>
  tableOf(
    [...HEAD],
    blows.map(blow => [
      blow.fault,
      blow.before === blow.meanwhile ? blow.before : `${blow.before} to ${blow.meanwhile}`,
      blow.takenMs === undefined ? '' : `${Math.round(blow.takenMs)} ms`,
      `${blow.silenceMs} ms`,
      `${blow.mendedSilenceMs} ms`,
      `${blow.twoMs} ms`,
      `${blow.noneMs} ms`,
      `${blow.failed} of ${blow.sent}${blow.failed > 0 ? ` (${blow.faults})` : ''}`,
      `${blow.lost} of ${blow.kept}`,
      `${blow.brokenDownloads}`,
    ]),
  );
