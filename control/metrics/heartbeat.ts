/** The families of heartbeats, witness and partitions of a pair. */
import { type HeartbeatFigures, REFUSALS } from '#cluster';
import type { Exposition } from '#kit/exposition.ts';

export function writeHeartbeat(page: Exposition, figures: HeartbeatFigures): void {
  const { link, peer, paths, witness, counts, drops } = figures;
  const gauge = (name: string, help: string, value: boolean) =>
    page.gauge(`cluster_${name}`, help, [[{}, value ? 1 : 0]]);
  const counter = (name: string, help: string, value: number) =>
    page.counter(`cluster_${name}_total`, help, [[{}, value]]);
  gauge('peer_together', 'Whether both nodes hear each other.', link === 'together');
  gauge(
    'peer_other_revision',
    'Whether the other node has another configuration.',
    peer?.isOtherRevision === true,
  );
  gauge(
    'witness_granted',
    'Whether the witness grants the right to the addresses.',
    witness?.grantedForMs !== undefined,
  );
  page.gauge(
    'cluster_path_carries',
    'Whether heartbeats come by the path.',
    paths.map(({ local, peer: other, carries }) => [{ local, peer: other }, carries ? 1 : 0]),
  );
  counter('heartbeats_sent', 'Heartbeats that were sent, each by every path.', counts.beatsSent);
  counter('heartbeats_heard', 'Heartbeats that told something new.', counts.beatsHeard);
  counter('witness_asked', 'Times that the witness was asked.', counts.asked);
  counter('witness_refused', 'Times that the witness refused, or did not answer.', counts.refused);
  counter('releases', 'Times that addresses were given up for want of a right to them.', counts.releases);
  counter('partitions', 'Times that the nodes ceased to hear each other.', counts.incidents);
  page.counter(
    'cluster_heartbeats_dropped_total',
    'Packets that were refused, by the reason.',
    Object.keys(REFUSALS).map(reason => [{ reason }, drops[reason as keyof typeof REFUSALS] ?? 0]),
  );
}
