/** `health_check type=tcp`: a connection that stands is enough. */
import { connect } from 'node:net';
import type { ProbeMaker } from './probe.ts';

export const tcpProbe: ProbeMaker = ({ proxy }, { host, port, unixPath }) => ({
  run: () =>
    new Promise(done => {
      const socket = connect(unixPath === undefined ? { host, port } : { path: unixPath });
      const finish = (wrong: string | undefined) => {
        socket.destroy();
        done(wrong);
      };
      socket.setTimeout(proxy.connectTimeoutMs, () => finish('no connection in time'));
      socket.once('connect', () => finish(undefined));
      socket.on('error', error => finish(error.message));
    }),
  close() {},
});
