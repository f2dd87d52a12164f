/** Virtual routers in words: what each is, with whom, and what has happened to it. */
import { type ClusterFigures, DROP_REASONS, type InstanceFigures, type TrackFigures } from '#cluster';
import { durationText, secondsText, tableOf } from './text.ts';

const MOST_TRANSITIONS = 5;

export function statusText(figures: ClusterFigures): string {
  const head = [
    ...(figures.maintenance ? ['! this node is in maintenance: it takes part in no election'] : []),
    ...(figures.realtime === undefined ? [] : [`! no real-time priority: ${figures.realtime}`]),
  ];
  const parts = figures.instances.map(instanceText);
  return `${[...head, ...parts].join('\n')}${parts.length === 0 ? '\n' : ''}`;
}

/** One line for each, for `moat status`. */
export const instanceTable = ({ instances }: ClusterFigures): string =>
  tableOf(
    ['instance', 'state', 'since', 'priority', 'addresses'],
    instances.map(one => [
      one.name,
      stateText(one),
      durationText(one.sinceMs),
      `${one.priority}`,
      one.addresses.join(' '),
    ]),
  );

export const stateText = ({ state, faults }: Pick<InstanceFigures, 'state' | 'faults'>): string =>
  state === 'initialize' && faults.length > 0 ? 'fault' : state;

function instanceText(one: InstanceFigures): string {
  const lines = [
    `${one.name}: ${stateText(one)} for ${durationText(one.sinceMs)}`,
    one.election
      ? `  on         ${one.interface}, VRID ${one.vrid}, version ${one.version}, IPv${one.family}, every ${secondsText(one.advertMs / 1000)}${one.source ? `, from ${one.source}` : ''}`
      : `  on         ${one.interface}, IPv${one.family}, without an election`,
    `  priority   ${one.priority}${one.priority === one.basePriority ? '' : ` (${one.basePriority} without weights)`}${one.preempt ? '' : ', nopreempt'}${one.group ? `, in group ${one.group}` : ''}`,
    `  addresses  ${one.addresses.join(' ')}`,
    ...one.faults.map(fault => `  fault      ${fault}`),
    ...(one.yielding ? ['  yields     given away by command'] : []),
    ...(one.barredBy === undefined ? [] : [`  barred     ${one.barredBy}`]),
    ...(one.waitsFor === undefined ? [] : [`  waits      ${one.waitsFor}`]),
    ...one.tracks.map(track => `  track      ${trackText(track)}`),
    ...one.peers.map(
      peer =>
        `  heard      ${peer.address}, priority ${peer.priority}, ${ageText(peer.ageMs)} ago${peer.stopped ? ', when it stopped' : ''}`,
    ),
    `  counts     ${countsText(one)}`,
    ...dropLines(one),
    ...one.transitions
      .slice(0, MOST_TRANSITIONS)
      .map(({ atMs, from, to, reason }) => `  ${new Date(atMs).toISOString()} ${from} to ${to}: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

export function trackText({ name, ok, says, weight, adds }: TrackFigures): string {
  const word = ok === undefined ? 'not known yet' : `${ok ? 'well' : 'not well'}: ${says}`;
  const effect = weight === undefined ? (ok ? '' : ', which is a fault') : `, adds ${adds}`;
  return `${name} is ${word}${effect}`;
}

export const ageText = (ms: number): string => (ms < 10_000 ? secondsText(ms / 1000) : durationText(ms));

function countsText({ counts }: InstanceFigures): string {
  const { sent, received, becameActive, sendFailures, mismatches, pauses, longestPauseMs } = counts;
  return [
    `sent ${sent}`,
    `received ${received}`,
    `became active ${becameActive}`,
    ...(sendFailures > 0 ? [`not sent ${sendFailures}`] : []),
    ...(mismatches > 0 ? [`of other settings ${mismatches}`] : []),
    ...(pauses > 0 ? [`pauses ${pauses}, the longest ${longestPauseMs} ms`] : []),
  ].join(', ');
}

const dropLines = ({ drops }: InstanceFigures): string[] =>
  Object.entries(drops).map(
    ([reason, count]) => `  dropped    ${count}: ${DROP_REASONS[reason as keyof typeof DROP_REASONS]}`,
  );
