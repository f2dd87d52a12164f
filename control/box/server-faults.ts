/** What befalls the servers behind: one answers later than anybody waits, one comes and goes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Box } from './box.ts';
import { SERVER_PATIENCE_S } from './configuration.ts';
import type { Strike } from './fault.ts';
import type { Node } from './node.ts';

/** More than the proxies' patience, and than the client's. */
const DELAY_MS = 10_000;
const LOOK_MS = 200;
const FLAPS = 4;
const FLAP_MS = 1000;

function serverOf(box: Box): Node {
  const [server] = box.of('server');
  if (!server) throw new Error('there is no server');
  return server;
}

export const slowDown: Strike = async (box, findings) => {
  const server = serverOf(box);
  let slowestMs = 0;
  const looks = setInterval(() => (slowestMs = Math.max(slowestMs, box.traffic.slowestMs)), LOOK_MS);
  server.tell(DELAY_MS);
  return async () => {
    clearInterval(looks);
    server.tell(0);
    findings.note(
      `${server.name} answered after ${DELAY_MS / 1000} s, proxies wait ${SERVER_PATIENCE_S} s; the slowest answer took ${Math.round(slowestMs)} ms`,
    );
  };
};

export const flap: Strike = async (box, findings) => {
  const server = serverOf(box);
  for (let time = 0; time < FLAPS; time++) {
    await server.kill();
    await sleep(FLAP_MS);
    await box.startNode(server);
    await sleep(FLAP_MS);
  }
  findings.note(`${server.name} ended and came back ${FLAPS} times`);
  return undefined;
};
