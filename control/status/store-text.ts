/** How the session store stands, with its peers or with Redis, as text. */
import type { PeerFigures, PeersFigures, RedisFigures, StoreFigures } from '#l7';
import { tableOf } from './text.ts';

/** What is wrong comes first, marked as all that wants an operator is. */
export function storeText(figures: StoreFigures): string {
  const alarms = figures.kind === 'peers' ? alarmsOf(figures) : redisAlarms(figures);
  const table = figures.kind === 'peers' ? peersTable(figures) : redisTable(figures);
  return alarms.map(alarm => `! session store: ${alarm}\n`).join('') + table;
}

function peersTable(figures: PeersFigures): string {
  const rows = figures.peers.map(peer => [
    peer.name,
    WORDS[peer.told],
    WORDS[peer.heard],
    peer.lagMs === undefined ? '-' : `${peer.lagMs.toFixed(1)} ms`,
    `${peer.entriesSent}`,
    `${peer.entriesReceived}`,
    `${peer.snapshotsSent}`,
    `${peer.batchesDropped}`,
  ]);
  const titles = ['session store', 'to it', 'from it', 'lag', 'sent', 'received', 'snapshots', 'dropped'];
  return tableOf(titles, rows);
}

const WORDS: Readonly<Record<PeerFigures['told'] | RedisFigures['state'], string>> = {
  down: 'down',
  snapshot: 'catching up',
  'catching-up': 'catching up',
  'in-step': 'in step',
};

function alarmsOf({ listen, listenFault, peers, refused }: PeersFigures): string[] {
  const alarms: string[] = [];
  if (listenFault !== undefined) alarms.push(`nobody can call ${listen}: ${listenFault}`);
  for (const { name, told, heard, reason } of peers) {
    if (told === 'down')
      alarms.push(`${name} is told nothing: ${reason ?? 'no answer yet'}; each goes on with what it knows`);
    else if (heard === 'down') alarms.push(`${name} does not call this node`);
  }
  const counts = Object.entries(refused).filter(([, count]) => count > 0);
  if (counts.length > 0)
    alarms.push(`refused calls: ${counts.map(([why, count]) => `${count} (${why})`).join(', ')}`);
  return alarms;
}

function redisTable(figures: RedisFigures): string {
  const { way, servers, server, state, lagMs, nodes, entriesSent, entriesReceived, losses } = figures;
  const row = [
    way === 'single' ? `redis ${servers[0]}` : `redis ${way}`,
    server ?? '-',
    WORDS[state],
    lagMs === undefined ? '-' : `${lagMs.toFixed(1)} ms`,
    ...[nodes, entriesSent, entriesReceived, losses].map(String),
  ];
  return tableOf(['session store', 'server', 'state', 'lag', 'nodes', 'sent', 'received', 'lost'], [row]);
}

function redisAlarms({ state, server, reason, writeFault, refused }: RedisFigures): string[] {
  const alarms: string[] = [];
  if (state === 'down') alarms.push(`redis cannot be used: ${reason}; each node goes on with what it knows`);
  if (writeFault !== undefined)
    alarms.push(`redis ${server} takes nothing: ${writeFault}; the other nodes hear of nothing new here`);
  const counts = Object.entries(refused).filter(([, count]) => count > 0);
  if (counts.length > 0)
    alarms.push(
      `messages that were passed over: ${counts.map(([why, count]) => `${count} (${why})`).join(', ')}`,
    );
  return alarms;
}
