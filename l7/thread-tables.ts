/** Brings one worker thread onto a generation: its tables are built, then it serves by them, on the sockets that are its own. */
import { closeFd, dupFd } from '#native/socket.ts';
import { type Generation, isLeaving, slotsOf } from './generation.ts';
import { type FileGrant, type Slot, slotId } from './messages.ts';
import type { WorkerThread } from './worker-thread.ts';

/** What threads are given beside tables. */
export interface ThreadMeans {
  /** Descriptor of a slot; it is duplicated. */
  readonly socket: (slot: Slot) => number;
  readonly files: () => readonly FileGrant[];
}

/** Has the thread build the tables of `next`. @throws {Error} when it refuses */
export async function prepareThread(
  thread: WorkerThread,
  next: Generation,
  means: ThreadMeans,
): Promise<void> {
  const { revision, bytes, zones } = next;
  const pools = next.pools();
  const tickets = next.tickets();
  const files = means.files();
  const acme = next.acme();
  await thread.ask({ kind: 'prepare', revision, config: bytes, zones, pools, files, tickets, acme });
  thread.prepared = revision;
}

/** Makes them those of new requests, and gives and takes sockets. @throws {Error} when the thread does not follow */
export async function commitThread(
  thread: WorkerThread,
  next: Generation,
  means: ThreadMeans,
): Promise<void> {
  if (thread.prepared !== next.revision) await prepareThread(thread, next, means); // it was born in between
  const missing = takeMissing(thread, next);
  const unlisten = leaveUnwanted(thread, next);
  const { revision, zones } = next;
  const listen: { readonly key: string; readonly fd: number }[] = [];
  const taken = new Int32Array(new SharedArrayBuffer(4));
  try {
    for (const slot of missing) listen.push({ key: slot.key, fd: dupFd(means.socket(slot)) });
    await thread.ask({ kind: 'commit', revision, zones, listen, taken, unlisten });
  } catch (fault) {
    for (const { fd } of listen.slice(taken[0])) closeFd(fd); // or the port would stay open with nobody behind it
    throw fault;
  }
}

/** Notes the slots that the thread is to accept from as well. @returns them */
function takeMissing(thread: WorkerThread, next: Generation): Slot[] {
  const wanted = new Map(slotsOf(thread.id, next).map(slot => [slotId(slot), slot]));
  const missing = [...wanted.values()].filter(slot => !thread.listening.has(slotId(slot)));
  for (const slot of missing) thread.listening.add(slotId(slot));
  return missing;
}

/** Notes the slots that are no more, or no longer its own. @returns the keys of their listeners */
function leaveUnwanted(thread: WorkerThread, next: Generation): string[] {
  const keys = isLeaving(thread.id, next) ? new Set<string>() : new Set(next.slots.map(slot => slot.key));
  const unwanted = [...thread.listening].filter(id => !keys.has(keyOf(id)));
  for (const id of unwanted) thread.listening.delete(id);
  return [...new Set(unwanted.map(keyOf))];
}

const keyOf = (id: string): string => id.slice(id.indexOf(' ') + 1);
