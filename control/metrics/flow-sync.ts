/** The families of two directors that keep each other's connections. */
import type { Exposition } from '#kit/exposition.ts';
import { SYNC_REFUSALS, SYNC_STATES, type SyncFigures } from '#l4';

export function writeFlowSync(page: Exposition, figures: SyncFigures): void {
  writeStanding(page, figures);
  writeFlows(page, figures);
  writePackets(page, figures);
  page.gauge(
    'l4_sync_path_up',
    'Whether the path is open; whether anything comes by it, its age tells.',
    figures.paths.map(({ local, peer, fault }) => [{ local, peer }, fault === undefined ? 1 : 0]),
  );
  page.gauge(
    'l4_sync_path_age_seconds',
    'Since something came by the path.',
    figures.paths.flatMap(({ local, peer, heardMs }) =>
      heardMs === undefined ? [] : [[{ local, peer }, heardMs / 1000] as const],
    ),
  );
  page.counter(
    'l4_sync_path_send_failures_total',
    'Packets that could not be sent by the path.',
    figures.paths.map(({ local, peer, sendFailures }) => [{ local, peer }, sendFailures]),
  );
}

function writeStanding(page: Exposition, { state, isReady, lagMs, cpuMs, meetings }: SyncFigures): void {
  page.gauge(
    'l4_sync_state',
    'One series for each state: 1 for the one it is in.',
    SYNC_STATES.map(one => [{ state: one }, one === state ? 1 : 0]),
  );
  page.gauge('l4_sync_ready', 'Whether this node may take the addresses away from one that works.', [
    [{}, isReady ? 1 : 0],
  ]);
  page.gauge(
    'l4_sync_lag_seconds',
    'From what happened to a connection until it was told, of the last second.',
    [[{}, lagMs / 1000]],
  );
  page.counter('l4_sync_cpu_seconds_total', 'Of the thread that keeps them.', [[{}, cpuMs / 1000]]);
  page.counter('l4_sync_meetings_total', 'Times that the two began to tell each other.', [[{}, meetings]]);
}

function writeFlows(
  page: Exposition,
  { flowsSent, flowsReceived, flowsWaiting, imported }: SyncFigures,
): void {
  page.counter('l4_sync_flows_total', 'Connections that were told of, and that were heard of.', [
    [{ direction: 'sent' }, flowsSent],
    [{ direction: 'received' }, flowsReceived],
  ]);
  page.gauge('l4_sync_flows_waiting', 'Connections that are to be told of yet.', [[{}, flowsWaiting]]);
  page.counter(
    'l4_sync_flows_imported_total',
    'What became of those that were heard of.',
    Object.entries(imported).map(([result, count]) => [{ result }, count]),
  );
}

function writePackets(page: Exposition, figures: SyncFigures): void {
  const { packetsSent, packetsReceived, packetsResent, copies, repairsAsked, lost, missing, unconfirmed } =
    figures;
  page.counter('l4_sync_packets_total', 'Packets by what they were.', [
    [{ kind: 'sent' }, packetsSent],
    [{ kind: 'resent' }, packetsResent],
    [{ kind: 'received' }, packetsReceived],
    [{ kind: 'copy' }, copies],
  ]);
  page.counter('l4_sync_repairs_asked_total', 'Stretches that did not come, and were asked for again.', [
    [{}, repairsAsked],
  ]);
  page.counter('l4_sync_packets_lost_total', 'Packets that could not be had any more.', [[{}, lost]]);
  page.gauge('l4_sync_packets_missing', 'Packets that are waited for.', [[{}, missing]]);
  page.gauge('l4_sync_packets_unconfirmed', 'Packets that the other one has not confirmed yet.', [
    [{}, unconfirmed],
  ]);
  page.counter(
    'l4_sync_packets_refused_total',
    'Packets that were refused, by the reason.',
    SYNC_REFUSALS.map(reason => [{ reason }, figures.refused[reason] ?? 0]),
  );
}
