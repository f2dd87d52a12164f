/** Why a virtual router is what it is, and who would win: `moat vrrp explain`. */
import type { ClusterFigures, InstanceFigures } from '#cluster';
import { secondsText } from './text.ts';
import { ageText, stateText, trackText } from './vrrp-text.ts';

type Peer = InstanceFigures['peers'][number];

/** A router that was heard within so many of its intervals is there. */
const LIVE_INTERVALS = 4;

export const explainText = ({ instances }: ClusterFigures): string =>
  instances.map(one => `${linesOf(one).join('\n')}\n`).join('\n');

function linesOf(one: InstanceFigures): string[] {
  const last = one.transitions[0];
  const head = `${one.name} is ${stateText(one)}${last ? `: ${last.reason}` : ''}.`;
  if (!one.election) return [head, ...unelectedLines(one)];
  return [
    head,
    ...priorityLines(one),
    ...rankingLines(one),
    ...expectation(one).map(line => `  So: ${line}`),
    ...warnings(one).map(line => `  Beware: ${line}`),
  ];
}

const unelectedLines = ({ faults, tracks }: InstanceFigures): string[] => [
  '  There is no election: it has the addresses while nothing that it tracks fails.',
  ...tracks.map(track => `  ${trackText(track)}.`),
  ...faults.map(fault => `  So: it has none: ${fault}`),
];

function priorityLines({ basePriority, priority, tracks }: InstanceFigures): string[] {
  if (basePriority === 255) return ['  It owns the addresses: priority 255, which no weight changes.'];
  const weighed = tracks
    .filter(({ adds }) => adds !== 0)
    .map(({ name, adds }) => `${adds > 0 ? '+' : ''}${adds} (${name})`);
  return [
    `  Its priority is ${priority}${weighed.length > 0 ? ` = ${basePriority} ${weighed.join(' ')}` : ''}.`,
    ...tracks.map(track => `  ${trackText(track)}.`),
  ];
}

const isLive = ({ ageMs, intervalMs, stopped }: Peer) => !stopped && ageMs <= LIVE_INTERVALS * intervalMs;

/** All that are known, the greatest first; a router that takes no part stands last. */
function rankingLines(one: InstanceFigures): string[] {
  const self = {
    address: one.source ?? 'no address',
    priority: one.faults.length > 0 ? -1 : one.priority,
    says: 'this node',
  };
  const others = one.peers.map(peer => ({ ...peer, says: peerText(peer) }));
  const ranking = [self, ...others].sort((a, b) => b.priority - a.priority);
  const lines = ranking.map(
    ({ address, priority, says }, at) =>
      `    ${at + 1}. ${priority < 0 ? '-' : priority}  ${address}: ${says}`,
  );
  return [
    '  Who would win, of the routers that were heard (a backup says nothing, and is not known):',
    ...lines,
  ];
}

function peerText(peer: Peer): string {
  if (isLive(peer)) return `active, heard ${ageText(peer.ageMs)} ago`;
  return peer.stopped ? `it stopped ${ageText(peer.ageMs)} ago` : `silent for ${ageText(peer.ageMs)}`;
}

function expectation(one: InstanceFigures): string[] {
  if (one.faults.length > 0) return one.faults.map(fault => `it takes part in no election: ${fault}`);
  if (one.state === 'active')
    return [
      `it stays active until a router of a priority above ${one.priority} speaks, or one of the same priority and an address above ${one.source}`,
    ];
  const rival = one.peers.find(isLive);
  if (!rival)
    return [
      `it becomes active in ${secondsText((one.takesOverInMs ?? 0) / 1000)} if nobody speaks${barText(one)}`,
    ];
  return [`${rivalText(one, rival)}${barText(one)}`];
}

const barText = ({ barredBy }: InstanceFigures) =>
  barredBy === undefined ? '' : `; it may not now: ${barredBy}`;

function rivalText(one: InstanceFigures, { address, priority }: Peer): string {
  const stays = `it stays backup while ${address} speaks`;
  if (priority > one.priority) return `${stays}, whose priority ${priority} is above ${one.priority}`;
  if (priority === one.priority) return `${stays}: a backup of the same priority does not take over`;
  if (one.yielding) return `${stays}, for its place was given away by command: failover takes that back`;
  if (!one.preempt)
    return `${stays}: nopreempt, though its own priority ${one.priority} is above ${priority}`;
  if ((one.preemptsInMs ?? 0) > 0)
    return `it takes over from ${address} when preempt_delay is over, in ${secondsText(one.preemptsInMs! / 1000)}, and some intervals more`;
  return `it takes over from ${address}, whose priority ${priority} is below ${one.priority}, in ${secondsText((one.takesOverInMs ?? 0) / 1000)}`;
}

/** What operators find out too late. */
function warnings(one: InstanceFigures): string[] {
  const worst = one.tracks.reduce((sum, { weight = 0 }) => sum + Math.min(0, weight), one.basePriority);
  const below = one.peers.filter(({ priority }) => priority < worst);
  const isWeighed = one.tracks.some(({ weight }) => weight !== undefined && weight < 0);
  const twins = one.peers.filter(({ priority }) => priority === one.basePriority);
  const versions = one.drops.version ?? 0;
  return [
    ...(isWeighed && below.length > 0
      ? [
          `if all that it tracks failed its priority would be ${Math.max(1, worst)}, still above that of ${below.map(({ address }) => address).join(', ')}: nothing would move. Take greater weights`,
        ]
      : []),
    ...twins.map(({ address }) => `${address} has the same priority: give each node its own`),
    ...(versions > 0
      ? [
          `${versions} advertisements were of another version of VRRP: nodes of different versions are active all at once`,
        ]
      : []),
  ];
}
