/** The end of a change whose process was killed: the files become what they were, and what somebody wrote meanwhile is kept. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { bytesOf } from '../host/path-bytes.ts';
import { processStat } from '../host/process-stat.ts';
import type { Invocation } from '../invocation.ts';
import { readText, stage } from './files.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { historyFolder, type Texts } from './place.ts';
import { HistoryStore } from './store.ts';

const START_TICKS = 22;

/** Who makes a change: a process, and when it was started, for numbers are used again. */
export const writerOf = (pid: number) => ({ pid, startTicks: startTicksOf(pid) });

function startTicksOf(pid: number): string {
  try {
    return processStat(pid, START_TICKS);
  } catch {
    return ''; // there is none
  }
}

/** Into the history, or where that takes nothing, into a file beside it. @throws {Error} when neither is possible */
export function keepByHand(
  texts: Texts,
  folder: string,
  open: () => HistoryStore,
  message = 'changed by hand, and replaced',
): void {
  try {
    const why = { who: 'the disk', why: 'by-hand', message } as const;
    open().add({ ...why, atMs: Date.now() }, texts);
  } catch {
    mkdirSync(bytesOf(folder), { recursive: true, mode: 0o700 });
    for (const [path, text] of texts)
      writeFileSync(bytesOf(`${folder}/by-hand-${Date.now()}-${basename(path)}`), text, {
        encoding: 'latin1',
        mode: 0o600,
      });
  }
}

/**
 * Writes the files as they were before the change.
 *
 * @param phase `applying`: what lies there was never in force, so all of it is kept
 * @throws {Error} when the disk refuses
 */
export function restore(
  { before, after }: JournalEntry,
  folder: string,
  open: () => HistoryStore,
  phase: 'applying' | 'waiting' = 'waiting',
): void {
  const written = new Map(after);
  const now = new Map(before.map(([path]) => [path, readText(path)]));
  const changed = before.filter(([path, text]) => now.get(path) !== (text ?? undefined));
  const byHand = changed.flatMap(([path]) => {
    const text = now.get(path);
    return text === undefined || (phase === 'waiting' && text === written.get(path))
      ? []
      : [[path, text] as const];
  });
  if (byHand.length > 0) keepByHand(new Map(byHand), folder, open);
  stage(new Map(changed.map(([path, text]) => [path, text ?? undefined]))).commit();
}

/** Before the first configuration is read. @param force also what could wait longer @returns what was done, to be told; undefined: nothing */
export function recover({ file }: Invocation, force = false): string | undefined {
  const folder = historyFolder(file);
  const journal = new Journal(folder);
  const found = journal.read();
  if (!found || livesElsewhere(found.entry)) return undefined;
  const { phase, entry } = found;
  const isOver = (entry.deadlineMs ?? 0) <= Date.now();
  if (phase === 'waiting' && !isOver && !force) return undefined;
  let store: HistoryStore | undefined;
  const open = () => (store ??= new HistoryStore(folder, () => {}));
  try {
    restore(entry, folder, open, phase);
  } finally {
    store?.close();
  }
  journal.end();
  if (phase === 'applying') return 'a change was cut short: the configuration before it is back';
  return isOver ? 'it was not confirmed in time' : 'the unconfirmed configuration does not start';
}

/** The process that makes the change ends it itself. */
const livesElsewhere = ({ pid, startTicks }: JournalEntry): boolean =>
  pid !== process.pid && startTicks !== '' && startTicksOf(pid) === startTicks;
