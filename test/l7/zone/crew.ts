/** Worker threads for the tests of shared memory: each runs one exported task of a module, by name. */
import { once } from 'node:events';
import { threadId, Worker, workerData } from 'node:worker_threads';
import { ownerOf } from '../../../l7/zone/lock.ts';

/** What a task is given: its place in the crew, its lock owner's id, and the test's own plain data. */
export type Duty = { readonly slot: number; readonly owner: number; readonly data: unknown };
/** A task runs on its own thread, and its answer is posted back. */
export type Task = (duty: Duty) => unknown;

/** Starts `task` of the module at `url` on a thread of its own. */
export function hire(url: string, task: string, slot: number, data: unknown): Worker {
  return new Worker(import.meta.filename, { workerData: { crew: true, url, task, slot, data } });
}

/** Runs `task` on `count` threads at the same time; their answers in the order of their slots. */
export async function runCrew(url: string, task: string, count: number, data: unknown): Promise<unknown[]> {
  const workers = Array.from({ length: count }, (_, slot) => hire(url, task, slot, data));
  return await Promise.all(workers.map(answerOf));
}

/** The thread's answer, once it has ended by itself. */
export async function answerOf(worker: Worker): Promise<unknown> {
  const [[answer]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return answer;
}

/** Resolves once a cell that threads count up is `value` or more; it is read once a turn, or the last step could be slept through. */
export async function reaches(cells: Int32Array, at: number, value: number): Promise<void> {
  for (let seen = Atomics.load(cells, at); seen < value; seen = Atomics.load(cells, at))
    await Atomics.waitAsync(cells, at, seen).value;
}

if (workerData?.crew) {
  const { parentPort } = await import('node:worker_threads');
  const module = await import(workerData.url);
  const task: Task = module[workerData.task];
  const answer = await task({ slot: workerData.slot, owner: ownerOf(threadId), data: workerData.data });
  parentPort!.postMessage(answer);
}
