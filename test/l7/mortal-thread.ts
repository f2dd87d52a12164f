/** A worker thread that dies when its process says so, in the environment that they share. */
import { parentPort, workerData } from 'node:worker_threads';

/** Whether `variable` names this worker; asked once a death. */
function isMeant(variable: string): boolean {
  if (process.env[variable] !== String(workerData.workerId)) return false;
  delete process.env[variable];
  return true;
}

parentPort!.on('message', ({ kind }) => {
  if (kind === 'commit' && isMeant('MORTAL_AT_COMMIT')) process.exit(); // before the thread's own ear hears of it
});
await import('../../l7/thread.ts');

setInterval(() => {
  if (isMeant('MORTAL_WORKER')) throw new Error('died as told');
}, 5).unref();
