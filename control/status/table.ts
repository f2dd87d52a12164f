/** The running program on one screen: plain text, a picture of two moments. */
import type { StatusReport } from './report.ts';

/** A report and when it was made, in ms of any clock. */
export interface Sample {
  readonly report: StatusReport;
  readonly atMs: number;
}

/**
 * Draws what a report says.
 *
 * @param before an earlier sample: rates are counted between the two; without it over the whole life of the workers
 */
export function drawStatus(now: Sample, before: Sample | undefined): string {
  const { report } = now;
  const parts = [
    head(report),
    traffic(now, before),
    workers(now, before),
    pools(now, before),
    listeners(report),
  ];
  return parts.filter(Boolean).join('\n');
}

function head(report: StatusReport): string {
  const { version, pid, file, uptimeMs, revision, refusal } = report;
  const lines = [
    `moat ${version}   process ${pid}   up ${durationText(uptimeMs)}   ${file}`,
    `configuration ${revision}, in force for ${durationText(Date.now() - report.appliedAtMs)}`,
  ];
  if (refusal !== undefined) lines.push(`! the last reload was refused: ${refusal}`);
  if (!report.l7) lines.push('! the L7 process is down');
  return `${lines.join('\n')}\n`;
}

function traffic(now: Sample, before: Sample | undefined): string {
  const { l7 } = now.report;
  if (!l7) return '';
  const totals = totalsOf(now.report);
  return `L7 process ${l7.pid}   memory ${bytesText(l7.memoryBytes)}   connections ${totals.connections} (${totals.idle} idle)   requests ${totals.requests}   ${rateText(requestRate(now, before))}/s\n`;
}

function workers(now: Sample, before: Sample | undefined): string {
  const rows = (now.report.l7?.workers ?? []).map(worker => {
    const { engine, workerId, restarts } = worker;
    const { connections, idle, accepted, requests } = engine;
    const rate = rateText(requestRate(now, before, workerId));
    return [workerId, connections, idle, accepted, requests, rate, restarts].map(String);
  });
  return tableOf(['worker', 'connections', 'idle', 'accepted', 'requests', 'req/s', 'restarts'], rows);
}

/** A line for each member, under the name of its pool. */
function pools(now: Sample, before: Sample | undefined): string {
  const rows = (now.report.l7?.pools ?? []).flatMap(({ name, members }) => [
    [poolText(name)],
    ...members.map((member, at) => {
      const { state, inFlight, headerMs, counts } = member;
      const { requests, fails, responses5xx } = counts;
      const rate = rateText(memberRate(now, before, name, at));
      const latency = headerMs > 0 ? headerMs.toFixed(0) : '-';
      const label = `  ${member.name}${member.backup ? ' (backup)' : ''}`;
      return [label, state, inFlight, requests, rate, fails, responses5xx, latency].map(String);
    }),
  ]);
  return tableOf(['pool', 'state', 'in flight', 'requests', 'req/s', 'fails', '5xx', 'header ms'], rows);
}

/** A pool that no upstream block describes is named after its address and port. */
const poolText = (name: string): string => name.split(' ')[0] ?? name;

function memberRate(now: Sample, before: Sample | undefined, pool: string, at: number): number {
  const requests = ({ report }: Sample) =>
    report.l7?.pools.find(({ name }) => name === pool)?.members[at]?.counts.requests ?? 0;
  return perSecond(requests, now, before);
}

function listeners({ listeners: all }: StatusReport): string {
  return tableOf(
    ['listener', 'sockets'],
    all.map(({ key, sockets }) => [key, String(sockets)]),
  );
}

interface Totals {
  readonly connections: number;
  readonly idle: number;
  readonly requests: number;
}

function totalsOf({ l7 }: StatusReport, workerId?: number): Totals {
  const chosen = (l7?.workers ?? []).filter(worker => workerId === undefined || worker.workerId === workerId);
  const sum = (value: (engine: (typeof chosen)[number]['engine']) => number) =>
    chosen.reduce((total, worker) => total + value(worker.engine), 0);
  return {
    connections: sum(engine => engine.connections),
    idle: sum(engine => engine.idle),
    requests: sum(engine => engine.requests),
  };
}

/** Requests per second, of all workers or of one. */
const requestRate = (now: Sample, before: Sample | undefined, workerId?: number): number =>
  perSecond(({ report }) => totalsOf(report, workerId).requests, now, before);

/** How fast a count grew since the earlier sample, or, when there is none of the same process, since its start. */
function perSecond(count: (sample: Sample) => number, now: Sample, before: Sample | undefined): number {
  const { l7 } = now.report;
  const isSame = before !== undefined && before.report.l7?.pid === l7?.pid;
  const overMs = isSame ? now.atMs - before.atMs : (l7?.uptimeMs ?? 0);
  const counted = count(now) - (isSame ? count(before) : 0);
  return overMs > 0 ? Math.max(0, counted / overMs) * 1000 : 0;
}

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
export function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map(row => row[at]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd();
  return `${[titles, ...rows].map(lineOf).join('\n')}\n`;
}

const rateText = (perS: number): string => (perS < 10 ? perS.toFixed(1) : Math.round(perS).toString());

const bytesText = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MB`;

/** `3d 4h`, `2h 5m`, `1m 3s`, `4s`: the two largest units. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
