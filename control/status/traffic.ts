/** Connections, requests and answers of all workers together, as lines of the screen. */
import type { TrafficReport } from '#l7';
import { growth, perSecond, type Sample } from './sample.ts';
import { bytesText, rateText, secondsText, tableOf } from './text.ts';

type Count = (traffic: TrafficReport) => number;

export function drawTraffic(now: Sample, before: Sample | undefined): string {
  const { l7 } = now.report;
  if (!l7) return '';
  const process = `L7 process ${l7.pid}   memory ${bytesText(l7.memoryBytes)}\n`;
  const { traffic } = l7;
  if (!traffic) return process;
  const rate = (count: Count) => `${rateText(perSecond(of(count), now, before))}/s`;
  const { active, reading, writing, waiting } = traffic.connections;
  const states = `${reading} reading, ${writing} writing, ${waiting} waiting`;
  const accepted = `accepted ${traffic.accepted}   ${rate(told => told.accepted)}`;
  return [
    process,
    `connections ${active} (${states})   ${accepted}\n`,
    `requests ${traffic.requests}   ${rate(told => told.requests)}${latency(traffic, now, before)}${faults(traffic)}\n`,
    answers(traffic, rate),
  ].join('');
}

/** A count of a sample, 0 while there is none. */
const of =
  (count: Count) =>
  ({ report }: Sample): number =>
    report.l7?.traffic ? count(report.l7.traffic) : 0;

/** Mean, and the bounds of the buckets that the median and the 99th of 100 fall into. */
function latency({ durationBounds }: TrafficReport, now: Sample, before: Sample | undefined): string {
  const ended = growth(
    of(told => told.durations.count),
    now,
    before,
  ).grown;
  if (ended === 0) return '';
  const tookS = growth(
    of(told => told.durations.sum),
    now,
    before,
  ).grown;
  const buckets = [...durationBounds, Number.POSITIVE_INFINITY].map(
    (_, at) =>
      growth(
        of(told => told.durations.buckets[at] ?? 0),
        now,
        before,
      ).grown,
  );
  const within = (share: number) => boundText(durationBounds[bucketOf(buckets, ended * share)]);
  return `   mean ${secondsText(tookS / ended)}, half within ${within(0.5)}, 99% within ${within(0.99)}`;
}

/** The first bucket at whose end at least `wanted` are counted. */
function bucketOf(buckets: readonly number[], wanted: number): number {
  let seen = 0;
  return buckets.findIndex(count => (seen += count) >= wanted);
}

const boundText = (bound: number | undefined): string => (bound === undefined ? '?' : secondsText(bound));

function faults({ malformed, failedHandshakes, inspected }: TrafficReport): string {
  const [, detected = 0, blocked = 0] = inspected;
  const parts = [
    malformed > 0 ? `   malformed ${malformed}` : '',
    failedHandshakes > 0 ? `   failed handshakes ${failedHandshakes}` : '',
    detected > 0 ? `   waf would block ${detected}` : '',
    blocked > 0 ? `   waf blocked ${blocked}` : '',
  ];
  return parts.join('');
}

/** A line for each class of status that occurred. */
function answers(traffic: TrafficReport, rate: (count: Count) => string): string {
  const rows = traffic.answers.flatMap((count, at) =>
    count > 0 ? [[at === 0 ? 'none' : `${at}xx`, String(count), rate(told => told.answers[at] ?? 0)]] : [],
  );
  return rows.length > 0 ? `\n${tableOf(['answers', 'count', 'rate'], rows)}` : '';
}
