/** A canary in words and lines, for the command line. */
import { durationText, secondsText, tableOf } from '../status/text.ts';
import type { CanaryState } from './keeper.ts';
import type { Side } from './run.ts';

const row = (name: string, { requests, failed, slowestMs }: Side): string[] => [
  ...[name, `${requests}`, `${failed}`],
  slowestMs === undefined ? '-' : secondsText(slowestMs / 1000),
];

/** Both sides, and how long it lasts or how it ended. */
export function canaryText(state: CanaryState, nowMs: number): string {
  const { who, sharePercent, endsMs, outcome, reason, old, fresh } = state;
  const head =
    outcome === undefined
      ? `canary of ${who}: ${sharePercent} of 100 new connections, ${durationText(endsMs - nowMs)} to go`
      : `canary of ${who}: ${OUTCOMES[outcome]}: ${reason}`;
  const table = tableOf(
    ['', 'requests', '5xx', '95% within'],
    [row('canary', fresh), row('the others', old)],
  );
  return `${head}\n${table}`;
}

const OUTCOMES: Readonly<Record<NonNullable<CanaryState['outcome']>, string>> = {
  applied: 'in force everywhere',
  worse: 'taken back, for it was worse',
  few: 'taken back, for nobody can tell',
  stopped: 'taken back',
  refused: 'it was well, and could not be brought into force',
};
