/** The families of what proxies share: how they stand with their peers, or with Redis. */
import type { Exposition } from '#kit/exposition.ts';
import type { PeersFigures, RedisFigures, StoreFigures } from '#l7';

export function writeStore(page: Exposition, figures: StoreFigures): void {
  page.counter('store_postponed_total', 'Changes that had to wait, for there were too many at a time.', [
    [{}, figures.postponed],
  ]);
  page.counter(
    'store_refused_total',
    'Calls or messages of others that were not heeded, by the reason.',
    Object.entries(figures.refused).map(([reason, count]) => [{ reason }, count]),
  );
  if (figures.kind === 'peers') writePeers(page, figures);
  else writeRedis(page, figures);
}

function writePeers(page: Exposition, { peers }: PeersFigures): void {
  const gauge = (name: string, help: string, value: (peer: PeersFigures['peers'][number]) => number) =>
    page.gauge(
      `store_${name}`,
      help,
      peers.map(peer => [{ peer: peer.name }, value(peer)]),
    );
  const counter = (name: string, help: string, value: (peer: PeersFigures['peers'][number]) => number) =>
    page.counter(
      `store_${name}_total`,
      help,
      peers.map(peer => [{ peer: peer.name }, value(peer)]),
    );
  gauge('peer_told', 'Whether the peer knows all that is known here.', peer =>
    peer.told === 'in-step' ? 1 : 0,
  );
  gauge('peer_heard', 'Whether all that the peer knows is known here.', peer =>
    peer.heard === 'in-step' ? 1 : 0,
  );
  counter('peer_entries_sent', 'Changes that the peer was told.', peer => peer.entriesSent);
  counter('peer_entries_received', 'Changes that the peer has told.', peer => peer.entriesReceived);
  counter('peer_batches_dropped', 'Batches that the peer had no room for.', peer => peer.batchesDropped);
  counter('peer_snapshots_sent', 'Times that the peer was told all.', peer => peer.snapshotsSent);
}

function writeRedis(page: Exposition, figures: RedisFigures): void {
  const gauge = (name: string, help: string, value: number) =>
    page.gauge(`store_redis_${name}`, help, [[{}, value]]);
  const counter = (name: string, help: string, value: number) =>
    page.counter(`store_redis_${name}_total`, help, [[{}, value]]);
  gauge('up', 'Whether Redis is reached.', figures.server === undefined ? 0 : 1);
  gauge(
    'in_step',
    'Whether all that lies there is known here, and the other way round.',
    figures.state === 'in-step' ? 1 : 0,
  );
  gauge(
    'takes_changes',
    'Whether it takes what is new here.',
    figures.server !== undefined && figures.writeFault === undefined ? 1 : 0,
  );
  gauge('nodes', 'Other nodes that something came from.', figures.nodes);
  if (figures.lagMs !== undefined)
    gauge('lag_seconds', 'From the last question to its answer.', figures.lagMs / 1000);
  counter('entries_sent', 'Changes that were left there.', figures.entriesSent);
  counter('entries_received', 'Changes of other nodes that were found there.', figures.entriesReceived);
  counter('connects', 'Times that a server was reached.', figures.connects);
  counter('losses', 'Times that the server was lost.', figures.losses);
  counter('writes_refused', 'Messages that it did not take.', figures.writesRefused);
}
