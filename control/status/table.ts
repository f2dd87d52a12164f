/** The running program on one screen: plain text, a picture of two moments. */
import { canaryText } from '../canary/text.ts';
import { type Counts, ratesBetween, totalsOf } from './l4-rates.ts';
import type { StatusReport } from './report.ts';
import { perSecond, type Sample } from './sample.ts';
import { storeText } from './store-text.ts';
import { durationText, rateText, tableOf } from './text.ts';
import { drawTraffic } from './traffic.ts';
import { instanceTable } from './vrrp-text.ts';

/**
 * Draws what a report says.
 *
 * @param before an earlier sample: rates are counted between the two; without it over the whole life of the workers
 */
export function drawStatus(now: Sample, before: Sample | undefined): string {
  const { report } = now;
  const parts = [
    head(report),
    canary(report),
    drawTraffic(now, before),
    workers(now, before),
    pools(now, before),
    directors(now, before),
    listeners(report),
    report.cluster ? instanceTable(report.cluster) : '',
    report.l7?.sessionStore ? storeText(report.l7.sessionStore) : '',
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
  const { expiring = 0, failing = 0, standIns = 0 } = report.certificates ?? {};
  if (standIns > 0) lines.push(`! self-signed in place of what no authority has issued yet: ${standIns}`);
  if (failing > 0) lines.push(`! certificates that could not be ordered: ${failing}`);
  if (expiring > 0) lines.push(`! certificates near their end, or past it: ${expiring}`);
  return `${lines.join('\n')}\n`;
}

/** While it runs, and after that until something else comes into force. */
const canary = ({ canary: state, revision }: StatusReport): string =>
  state && (state.outcome === undefined || (state.outcome !== 'applied' && state.revision === revision))
    ? canaryText(state, Date.now())
    : '';

function workers(now: Sample, before: Sample | undefined): string {
  const rows = (now.report.l7?.workers ?? []).map(worker => {
    const { engine, workerId, restarts } = worker;
    const { connections, idle, accepted, requests } = engine;
    const rate = rateText(perSecond(sample => requestsOf(sample, workerId), now, before));
    return [workerId, connections, idle, accepted, requests, rate, restarts].map(String);
  });
  return tableOf(['worker', 'connections', 'idle', 'accepted', 'requests', 'req/s', 'restarts'], rows);
}

const requestsOf = ({ report }: Sample, workerId: number): number =>
  report.l7?.workers.find(worker => worker.workerId === workerId)?.engine.requests ?? 0;

/** A line for each member, under the name of its pool. */
function pools(now: Sample, before: Sample | undefined): string {
  const rows = (now.report.l7?.pools ?? []).flatMap(({ name, members }) => [
    [poolText(name)],
    ...members.map((member, at) => {
      const { state, inFlight, headerMs, counts } = member;
      const { requests, fails, responses5xx } = counts;
      const rate = rateText(perSecond(sample => memberRequests(sample, name, at), now, before));
      const latency = headerMs > 0 ? headerMs.toFixed(0) : '-';
      const label = `  ${member.name}${member.backup ? ' (backup)' : ''}`;
      return [label, state, inFlight, requests, rate, fails, responses5xx, latency].map(String);
    }),
  ]);
  return tableOf(['pool', 'state', 'in flight', 'requests', 'req/s', 'fails', '5xx', 'header ms'], rows);
}

/** A pool that no upstream block describes is named after its address and port. */
const poolText = (name: string): string => name.split(' ')[0] ?? name;

const memberRequests = ({ report }: Sample, pool: string, at: number): number =>
  report.l7?.pools.find(({ name }) => name === pool)?.members[at]?.counts.requests ?? 0;

/** A line for each virtual server, and below it its real servers. */
function directors(now: Sample, before: Sample | undefined): string {
  const figures = now.report.l4;
  if (!figures) return '';
  const earlier = before?.report.l4 && { figures: before.report.l4, atMs: before.atMs };
  const rates = earlier && ratesBetween(earlier, { figures, atMs: now.atMs });
  const rows = figures.services.flatMap((service, at) => {
    const of = rates?.services[at];
    const line = (label: string, state: string, counts: Counts, rate: Counts | undefined, open: number) => {
      const { connections, packets } = rate ?? {};
      const rateOf = (value: number | undefined) => (value === undefined ? '-' : rateText(value));
      return [label, state, `${open}`, `${counts.connections}`, rateOf(connections), rateOf(packets)];
    };
    const open = service.reals.reduce((sum, { active }) => sum + active, 0);
    return [
      line(service.name, service.quorum ? '' : 'quorum lost', totalsOf(service), of && totalsOf(of), open),
      ...service.reals.map((real, index) =>
        line(`  ${real.name}`, real.state, real, of?.reals[index], real.active),
      ),
    ];
  });
  return tableOf(['virtual server', 'state', 'active', 'connections', 'conn/s', 'packets/s'], rows);
}

function listeners({ listeners: all }: StatusReport): string {
  return tableOf(
    ['listener', 'sockets'],
    all.map(({ key, sockets }) => [key, String(sockets)]),
  );
}
