/** What came of the faults of a drill, as text. */
import { tableOf } from '../status/text.ts';
import type { Blow } from './drill.ts';

export const lineOf = ({ fault, wrong }: Blow): string =>
  `${wrong.length === 0 ? 'well' : 'NOT WELL'}  ${fault}${wrong.length === 0 ? '' : `: ${wrong.join('; ')}`}\n`;

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
