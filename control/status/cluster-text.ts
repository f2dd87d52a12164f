/** The pair in words: paths, the other node, the witness, partitions. */
import { type ClusterFigures, type HeartbeatFigures, type PathFigures, REFUSALS, viewText } from '#cluster';
import { durationText } from './text.ts';
import { ageText, instanceTable } from './vrrp-text.ts';

export function clusterText(figures: ClusterFigures): string {
  const { heartbeat } = figures;
  if (!heartbeat) return `this node has no heartbeat block: VRRP alone decides\n\n${instanceTable(figures)}`;
  return `${[...nodeLines(heartbeat), ...heartbeat.paths.map(pathLine), ...peerLines(heartbeat), ...witnessLines(heartbeat), ...countLines(heartbeat)].join('\n')}\n\n${instanceTable(figures)}`;
}

const LINKS = {
  unmet: 'has not met the other node yet',
  together: 'and the other node hear each other',
  apart: 'and the other node do not hear each other',
};

function nodeLines({ node, link, linkMs, revision, inSync, mustRelease }: HeartbeatFigures): string[] {
  return [
    `${node} ${LINKS[link]}, for ${durationText(linkMs)}`,
    `  revision   ${revision}${inSync === undefined ? '' : inSync ? ', in sync' : ', not in sync'}`,
    ...(mustRelease === undefined ? [] : [`  ! no right ${mustRelease}`]),
  ];
}

function pathLine({ local, peer, fault, ageMs, carries, sendFailures }: PathFigures): string {
  const heard = ageMs === undefined ? 'nothing heard yet' : `heard ${ageText(ageMs)} ago`;
  const state = fault ?? `${carries ? 'carries' : 'silent'}, ${heard}`;
  return `  path       ${local} to ${peer}: ${state}${sendFailures > 0 ? `, ${sendFailures} not sent` : ''}`;
}

function peerLines({ peer, timeoutMs }: HeartbeatFigures): string[] {
  if (!peer) return [];
  const { node, isHeard, ageMs, isOtherRevision, revision, inSync, healthy, leaves, instances } = peer;
  const state = isHeard ? 'alive' : leaves ? 'has ended' : `silent for longer than ${timeoutMs} ms`;
  const facts = [
    `${node}: ${state}, heard ${ageText(ageMs)} ago`,
    healthy ? 'healthy' : 'with a fault',
    ...(inSync === undefined ? [] : [inSync ? 'in sync' : 'not in sync']),
    isOtherRevision ? `! another configuration: ${revision}` : 'the same configuration',
  ];
  const states = instances.map(one => `${one.name} ${one.state} ${one.priority}`);
  return [`  peer       ${facts.join(', ')}`, `  peer has   ${states.join(', ')}`];
}

function witnessLines({ witness, fence }: HeartbeatFigures): string[] {
  if (!witness || !fence) return ['  witness    none'];
  const { name, grantedForMs, asking, refusal } = witness;
  const state =
    grantedForMs !== undefined
      ? `granted for ${ageText(grantedForMs)} more`
      : asking
        ? 'is asked now'
        : (refusal ?? 'not asked');
  const fenced = `the addresses outlive the right to them by ${fence.outlivesMs} ms at most`;
  return [
    `  witness    ${name}: ${state}`,
    `  fence      ${fence.absent === undefined ? fenced : `${fenced}: no fence in the kernel: ${fence.absent}`}`,
  ];
}

function countLines({ counts, drops }: HeartbeatFigures): string[] {
  const { beatsSent, beatsHeard, asked, granted, refused, releases, incidents } = counts;
  return [
    `  counts     sent ${beatsSent}, heard ${beatsHeard}, asked ${asked}, granted ${granted}, refused ${refused}, released ${releases}, partitions ${incidents}`,
    ...Object.entries(drops).map(
      ([reason, count]) => `  dropped    ${count}: ${REFUSALS[reason as keyof typeof REFUSALS]}`,
    ),
  ];
}

export function incidentsText({ heartbeat }: ClusterFigures): string {
  if (!heartbeat || heartbeat.incidents.length === 0) return 'no partition is remembered\n';
  return heartbeat.incidents
    .map(({ own, peer }) => `${viewText(own)}\n  ${peer ? viewText(peer) : 'the other side has not told'}\n`)
    .join('');
}
