/** `health_check type=tcp`: a connection that stands is enough. */
import { dial } from './dial.ts';
import type { ProbeMaker } from './probe.ts';

export const tcpProbe: ProbeMaker = (check, target) => ({
  run: () =>
    new Promise(done => {
      const socket = dial(check, target);
      const finish = (wrong: string | undefined) => {
        socket.destroy();
        done(wrong);
      };
      socket.setTimeout(check.proxy.connectTimeoutMs, () => finish('no connection in time'));
      socket.once('connect', () => finish(undefined));
      socket.on('error', error => finish(error.message));
    }),
  close() {},
});
