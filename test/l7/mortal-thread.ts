/** A worker thread that dies when its process says so, in the environment that they share. */
import { workerData } from 'node:worker_threads';
import '../../l7/thread.ts';

setInterval(() => {
  if (process.env['MORTAL_WORKER'] !== String(workerData.workerId)) return;
  delete process.env['MORTAL_WORKER'];
  throw new Error('died as told');
}, 5).unref();
