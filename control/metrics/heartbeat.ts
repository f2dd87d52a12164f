/** The families of heartbeats, witness and partitions of a pair. */
import { type HeartbeatFigures, REFUSALS } from '#cluster';
import type { Exposition, Sample } from '#kit/exposition.ts';

const LINKS: readonly HeartbeatFigures['link'][] = ['unmet', 'together', 'apart'];

export function writeHeartbeat(page: Exposition, figures: HeartbeatFigures): void {
  writeLink(page, figures);
  writePaths(page, figures);
  if (figures.witness) writeWitness(page, figures.witness, figures.counts);
  const { counts, drops, mustRelease } = figures;
  page.gauge('cluster_must_release', 'Whether this node has no right to the addresses.', [
    [{}, mustRelease === undefined ? 0 : 1],
  ]);
  page.counter('cluster_releases_total', 'Times that addresses were given up for want of a right to them.', [
    [{}, counts.releases],
  ]);
  page.counter('cluster_partitions_total', 'Times that the nodes ceased to hear each other.', [
    [{}, counts.incidents],
  ]);
  page.counter('cluster_heartbeats_sent_total', 'Heartbeats that were sent, each by every path.', [
    [{}, counts.beatsSent],
  ]);
  page.counter('cluster_heartbeats_heard_total', 'Heartbeats that told something new.', [
    [{}, counts.beatsHeard],
  ]);
  page.counter(
    'cluster_heartbeats_dropped_total',
    'Packets that were refused, by the reason.',
    Object.keys(REFUSALS).map(reason => [{ reason }, drops[reason as keyof typeof REFUSALS] ?? 0]),
  );
}

function writeLink(
  page: Exposition,
  { link, linkMs, provenMs, revision, inSync, peer }: HeartbeatFigures,
): void {
  const gauge = (name: string, help: string, value: number | undefined) => {
    if (value !== undefined) page.gauge(`cluster_${name}`, help, [[{}, value]]);
  };
  const asNumber = (flag: boolean | undefined) => (flag === undefined ? undefined : Number(flag));
  page.gauge(
    'cluster_link',
    'One series for each state of the two nodes: 1 for the one that is.',
    LINKS.map(one => [{ link: one }, one === link ? 1 : 0]),
  );
  gauge('link_age_seconds', 'Since it is so.', linkMs / 1000);
  gauge('peer_together', 'Whether both nodes hear each other.', Number(link === 'together'));
  gauge(
    'proven_age_seconds',
    'Since that was sent which the other node has heard last.',
    provenMs === undefined ? undefined : provenMs / 1000,
  );
  gauge('in_sync', 'Whether this node knows what it would have to go on with.', asNumber(inSync));
  page.gauge(
    'cluster_revision',
    'Always 1; the labels tell the configurations of both nodes.',
    [['self', revision] as const, ...(peer ? [['peer', peer.revision] as const] : [])].map(
      ([node, digest]): Sample => [{ node, revision: digest }, 1],
    ),
  );
  gauge(
    'peer_other_revision',
    'Whether the other node has another configuration.',
    Number(peer?.isOtherRevision === true),
  );
  if (!peer) return;
  gauge('peer_heard', 'Whether the other node is heard by some path.', Number(peer.isHeard));
  gauge('peer_age_seconds', 'Since the other node was heard.', peer.ageMs / 1000);
  gauge('peer_healthy', 'Whether no virtual router of the other node has a fault.', Number(peer.healthy));
  gauge(
    'peer_in_sync',
    'Whether the other node knows what it would have to go on with.',
    asNumber(peer.inSync),
  );
}

function writePaths(page: Exposition, { paths }: HeartbeatFigures): void {
  const each = (value: (path: HeartbeatFigures['paths'][number]) => number | undefined): Sample[] =>
    paths.flatMap(path => {
      const { local, peer } = path;
      const number = value(path);
      return number === undefined ? [] : [[{ local, peer }, number]];
    });
  page.gauge(
    'cluster_path_carries',
    'Whether heartbeats come by the path.',
    each(({ carries }) => Number(carries)),
  );
  page.gauge(
    'cluster_path_age_seconds',
    'Since the last heartbeat by the path.',
    each(({ ageMs }) => (ageMs === undefined ? undefined : ageMs / 1000)),
  );
  page.counter(
    'cluster_path_send_failures_total',
    'Heartbeats that could not be sent by the path.',
    each(({ sendFailures }) => sendFailures),
  );
}

function writeWitness(
  page: Exposition,
  { name, grantedForMs, asking, refusal }: NonNullable<HeartbeatFigures['witness']>,
  { asked, granted, refused }: HeartbeatFigures['counts'],
): void {
  const labels = { witness: name };
  page.gauge('cluster_witness_granted', 'Whether the witness grants the right to the addresses.', [
    [labels, grantedForMs === undefined ? 0 : 1],
  ]);
  page.gauge('cluster_witness_granted_seconds', 'For so long it is granted yet.', [
    [labels, (grantedForMs ?? 0) / 1000],
  ]);
  page.gauge('cluster_witness_asking', 'Whether an answer is waited for.', [[labels, asking ? 1 : 0]]);
  page.gauge('cluster_witness_denied', 'Whether its last answer was a no, or there was none.', [
    [labels, refusal === undefined ? 0 : 1],
  ]);
  page.counter('cluster_witness_asked_total', 'Times that the witness was asked.', [[labels, asked]]);
  page.counter('cluster_witness_answers_total', 'Its answers; no answer in time is a refusal.', [
    [{ ...labels, answer: 'granted' }, granted],
    [{ ...labels, answer: 'refused' }, refused],
  ]);
}
