/** Faults one after the other in a box under load; after each it is looked whether all is as it should be. */

import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '#kit/monotonic.ts';
import { disagreements } from './agreement.ts';
import type { Box } from './box.ts';
import type { Fault } from './faults.ts';
import { type Harm, harmOf } from './harm.ts';
import { lengthOf, longestSince, type ProbeReport } from './silence.ts';

/** What the client reports comes so late; requests that are under way end. */
const SETTLE_MS = 2500;
/** What has ended without a word is known to the client after its time-outs. */
const SILENT_LOSS_MS = 6000;
/** A pair is left in peace for so long while something is broken. */
const BROKEN_MS = 4000;

export interface Blow extends Harm {
  readonly fault: string;
  /** Who had the addresses, and has them while it is broken. */
  readonly before: string;
  readonly meanwhile: string;
  /** From the fault to the moment when another node had taken the addresses, by its own word; undefined: none has. */
  readonly takenMs: number | undefined;
  readonly because: string;
  /** Of the virtual addresses, by 5 ms: while it broke, and while it was mended. A node without processes still answers pings. */
  readonly silenceMs: number;
  readonly mendedSilenceMs: number;
  /** What is not as it should be; empty: all is well. */
  readonly wrong: readonly string[];
}

export async function strike(box: Box, fault: Fault): Promise<Blow> {
  const { traffic } = box;
  const before = box.active?.name ?? 'nobody';
  const wrong: string[] = [];
  const beganMs = monotonicMs();
  const beganAtMs = Date.now();
  const mend = await fault.strike(box);
  await sleep(SETTLE_MS);
  if (mend) await sleep(BROKEN_MS - SETTLE_MS);
  if (fault.leavesNobody) wrong.push(...(await lookAtNobody(box)));
  else wrong.push(...(await lookAt(box, mend ? 'while broken' : 'afterwards')));
  const meanwhile = box.active?.name ?? 'nobody';
  const taken = box.active && box.standing(box.active)?.last;
  const isTaken =
    meanwhile !== before && taken !== undefined && taken.to === 'active' && taken.atMs >= beganAtMs;
  const mendedFromMs = monotonicMs();
  const silenceMs = silenceOf(box.probe, beganMs);
  await mend?.();
  await box.settled();
  await sleep(fault.promised === 'undisturbed' ? SETTLE_MS : SILENT_LOSS_MS);
  if (mend) wrong.push(...(await lookAt(box, 'mended')));
  wrong.push(...(await disagreements(box)));
  const harm = harmOf(traffic, box.traffic);
  const mayFail = { undisturbed: 0, connections: box.plan.perSecond / 2, addresses: undefined }[
    fault.promised
  ];
  if (mayFail !== undefined) wrong.push(...complaints(harm, mayFail));
  return {
    ...{ fault: fault.name, before, meanwhile, silenceMs, ...harm, wrong },
    takenMs: isTaken ? taken.atMs - beganAtMs : undefined,
    because: isTaken ? taken.reason : '',
    mendedSilenceMs: mend ? silenceOf(box.probe, mendedFromMs) : 0,
  };
}

const silenceOf = (probe: ProbeReport, sinceMs: number): number => {
  const longest = longestSince(probe, sinceMs);
  return longest ? Math.round(lengthOf(longest)) : 0;
};

/** One node alone has the addresses, and they answer. */
async function lookAt(box: Box, when: string): Promise<string[]> {
  const wrong = await find(box);
  // A node may have come back, and taken its place, between one look and the other: what is wrong stays so.
  const still = wrong.length === 0 ? [] : await find(box);
  return still.map(what => `${when} ${what}`);
}

/** A kernel keeps the addresses of a moat that was killed; two that do would answer for the same ones. */
async function lookAtNobody(box: Box): Promise<string[]> {
  await box.look();
  const owners = box.owners().map(({ name }) => name);
  return owners.length > 1 ? [`while broken ${owners.join(' and ')} had the addresses`] : [];
}

async function find(box: Box): Promise<string[]> {
  await box.settled();
  const owners = box.owners().map(({ name }) => name);
  const isSole = owners.length === 1;
  return [
    ...(isSole ? [] : [`${owners.join(' and ') || 'nobody'} had the addresses`]),
    ...box.probe.silent.map(address => `${address} did not answer`),
  ];
}

const complaints = ({ failed, lost, brokenDownloads, sent }: Harm, mayFail: number): string[] => [
  ...(sent === 0 ? ['the client asked nothing'] : []),
  ...(failed > mayFail ? [`${failed} requests failed`] : []),
  ...(lost > 0 ? [`${lost} connections were lost`] : []),
  ...(brokenDownloads > 0 ? ['the download broke'] : []),
];
