/** A thread of table.test.ts: sends each packet at the moment when the other thread does. */
import { workerData } from 'node:worker_threads';
import { runProgram } from '../../native/bpf.ts';

export type RaceOrder = {
  readonly fd: number;
  readonly packets: readonly Uint8Array[];
  /** Packets that the threads are ready for, added up. */
  readonly ready: Int32Array;
  readonly threads: number;
};

const { fd, packets, ready, threads } = workerData as RaceOrder;
packets.forEach((data, at) => {
  Atomics.add(ready, 0, 1);
  while (Atomics.load(ready, 0) < threads * (at + 1));
  runProgram(fd, { data });
});
