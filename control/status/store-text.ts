/** How the session store stands with its peers, as text. */
import type { PeerFigures, StoreFigures } from '#l7';
import { tableOf } from './text.ts';

/** What is wrong comes first, marked as all that wants an operator is. */
export function storeText(figures: StoreFigures): string {
  const alarms = alarmsOf(figures).map(alarm => `! session store: ${alarm}\n`);
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
  return alarms.join('') + tableOf(titles, rows);
}

const WORDS: Readonly<Record<PeerFigures['told'], string>> = {
  down: 'down',
  snapshot: 'catching up',
  'in-step': 'in step',
};

function alarmsOf({ listen, listenFault, peers, refused }: StoreFigures): string[] {
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
