/** Faults one after the other in a box under load; after each it is looked whether all is as it should be. */

import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '#kit/monotonic.ts';
import { disagreements } from './agreement.ts';
import type { Box } from './box.ts';
import type { Fault, Promised } from './fault.ts';
import { type Harm, harmOf } from './harm.ts';
import type { Owners } from './owners.ts';
import { longestSince, type ProbeReport } from './silence.ts';
import { lengthOf, type Span } from './span.ts';

/** What the client reports comes so late; requests that are under way end. */
const SETTLE_MS = 2500;
/** What has ended without a word is known to the client after its time-outs. */
const SILENT_LOSS_MS = 6000;
/** A pair is left in peace for so long while something is broken. */
const BROKEN_MS = 4000;
/** Two may have an address for so long where no witness decides. */
const MOST_TWO_MS = 1000;
/** Where one does, never: what two processes see of two kernels differs by as much. */
const SEEN_TWO_MS = 20;
/** So long an address may be nobody's while somebody is left to have it: a right that is lent has to end first, and machines are busy. */
const MOST_NONE_MS = 5000;

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
  /** The longest time in which two kernels had one address, and in which none had it, from the fault until all was well again. */
  readonly twoMs: number;
  readonly noneMs: number;
  /** Of the time after it was mended alone. */
  readonly mendedTwoMs: number;
  /** From the fault until it was mended; of one that needs no mending, until it was over. */
  readonly brokenMs: number;
  /** What came of it beside all that. */
  readonly notes: readonly string[];
  /** What is not as it should be; empty: all is well. */
  readonly wrong: readonly string[];
}

/** @throws {Error} when it cannot be done, or not be mended */
export async function strike(box: Box, owners: Owners, fault: Fault): Promise<Blow> {
  const { traffic } = box;
  const before = box.active?.name ?? 'nobody';
  const wrong: string[] = [];
  const notes: string[] = [];
  const findings = {
    note: (text: string) => void notes.push(text),
    wrong: (text: string) => void wrong.push(text),
  };
  const beganMs = monotonicMs();
  owners.forget(beganMs);
  const beganAtMs = Date.now();
  const mend = await fault.strike(box, findings);
  const overMs = monotonicMs();
  await sleep(SETTLE_MS);
  if (mend) await sleep(BROKEN_MS - SETTLE_MS);
  wrong.push(...(await lookMeanwhile(box, fault, mend ? 'while broken' : 'afterwards')));
  const meanwhile = box.active?.name ?? 'nobody';
  const taken = box.active && box.standing(box.active)?.last;
  const isTaken =
    meanwhile !== before && taken !== undefined && taken.to === 'active' && taken.atMs >= beganAtMs;
  const mendedFromMs = monotonicMs();
  const silenceMs = silenceOf(box.probe, beganMs);
  await mend?.();
  const brokenMs = Math.round((mend ? monotonicMs() : overMs) - beganMs);
  await box.settled();
  await sleep(fault.promised === 'undisturbed' ? SETTLE_MS : SILENT_LOSS_MS);
  if (mend) wrong.push(...(await lookAt(box, 'mended')));
  wrong.push(...(await disagreements(box)));
  const harm = harmOf(traffic, box.traffic);
  wrong.push(...complaints(harm, fault.promised, box.plan.perSecond));
  await owners.caughtUp();
  const nowMs = monotonicMs();
  const all = owners.spans(beganMs, nowMs);
  const mended = owners.spans(mendedFromMs, nowMs);
  wrong.push(...shared(box, fault, fault.meanwhile === 'both' ? mended.two : all.two));
  if (fault.meanwhile !== 'nobody') wrong.push(...missed(all.none));
  return {
    ...{ fault: fault.name, before, meanwhile, silenceMs, ...harm, brokenMs, notes, wrong },
    takenMs: isTaken ? taken.atMs - beganAtMs : undefined,
    because: isTaken ? taken.reason : '',
    mendedSilenceMs: mend ? silenceOf(box.probe, mendedFromMs) : 0,
    twoMs: Math.round(lengthOf(all.two)),
    noneMs: Math.round(lengthOf(all.none)),
    mendedTwoMs: mend ? Math.round(lengthOf(mended.two)) : 0,
  };
}

const silenceOf = (probe: ProbeReport, sinceMs: number): number =>
  Math.round(lengthOf(longestSince(probe, sinceMs)));

/** A weak witness may give both nodes the right while they do not hear each other, and only then. */
function shared(box: Box, fault: Fault, span: Span | undefined): string[] {
  const isDecided = box.plan.witness === 'redis' || (box.plan.witness === 'reach' && !fault.dividesPair);
  const mostMs = isDecided ? SEEN_TWO_MS : MOST_TWO_MS;
  if (!span || lengthOf(span) <= mostMs) return [];
  return [`two had ${span.address} for ${Math.round(lengthOf(span))} ms`];
}

const missed = (span: Span | undefined): string[] =>
  span && lengthOf(span) > MOST_NONE_MS
    ? [`nobody had ${span.address} for ${Math.round(lengthOf(span))} ms`]
    : [];

async function lookMeanwhile(box: Box, { meanwhile }: Fault, when: string): Promise<string[]> {
  switch (meanwhile) {
    case 'rightful':
      return lookAt(box, when);
    case 'one':
      return (await find(box, () => box.held())).map(what => `${when} ${what}`);
    case 'nobody':
      return lookAtNobody(box);
    case 'both':
      await box.look();
      return box.owners().length > 0 ? [] : [`${when} nobody had the addresses`];
  }
}

/** One node alone has the addresses, and they answer. */
async function lookAt(box: Box, when: string): Promise<string[]> {
  const settled = () => box.settled();
  const wrong = await find(box, settled);
  // A node may have come back, and taken its place, between one look and the other: what is wrong stays so.
  const still = wrong.length === 0 ? [] : await find(box, settled);
  return still.map(what => `${when} ${what}`);
}

/** A kernel keeps the addresses of a moat that was killed; two that do would answer for the same ones. */
async function lookAtNobody(box: Box): Promise<string[]> {
  await box.look();
  const owners = box.owners().map(({ name }) => name);
  return owners.length > 1 ? [`while broken ${owners.join(' and ')} had the addresses`] : [];
}

async function find(box: Box, ready: () => Promise<void>): Promise<string[]> {
  await ready();
  const owners = box.owners().map(({ name }) => name);
  const isSole = owners.length === 1;
  return [
    ...(isSole ? [] : [`${owners.join(' and ') || 'nobody'} had the addresses`]),
    ...box.probe.silent.map(address => `${address} did not answer`),
  ];
}

function complaints(
  { failed, lost, brokenDownloads, sent }: Harm,
  promised: Promised,
  perSecond: number,
): string[] {
  if (promised === 'addresses') return [];
  const mayFail = promised === 'connections' ? perSecond / 2 : 0;
  return [
    ...(sent === 0 ? ['the client asked nothing'] : []),
    ...(failed > mayFail ? [`${failed} requests failed`] : []),
    ...(lost > 0 ? [`${lost} connections were lost`] : []),
    ...(brokenDownloads > 0 && promised !== 'requests' ? ['the download broke'] : []),
  ];
}
