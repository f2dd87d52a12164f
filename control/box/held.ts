/** One connection that is held: asked something every second, and opened again when it has ended. */
import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';

const EVERY_MS = 1000;
const AGAIN_MS = 500;
const TIMEOUT_MS = 5000;

export interface Counts {
  open: number;
  answered: number;
  lost: number;
}

export function holdConnection(url: URL, counts: Counts): void {
  let isAnnounced = false;
  const agent = new Agent({ keepAlive: true, maxSockets: 1, keepAliveMsecs: EVERY_MS * 60 });
  const seen = new WeakSet<Socket>();
  const watch = (socket: Socket) => {
    if (seen.has(socket)) return;
    seen.add(socket);
    isAnnounced = false;
    let isOpen = false;
    const opened = () => {
      isOpen = true;
      counts.open++;
    };
    if (socket.connecting) socket.once('connect', opened);
    else opened();
    socket.once('close', () => {
      if (!isOpen) return;
      counts.open--;
      if (!isAnnounced) counts.lost++;
    });
  };
  const ask = () => {
    const request = get(url, { agent, timeout: TIMEOUT_MS }, response => {
      isAnnounced ||= response.headers.connection === 'close';
      response.resume();
      response.once('error', () => setTimeout(ask, AGAIN_MS));
      response.once('end', () => {
        counts.answered++;
        setTimeout(ask, EVERY_MS);
      });
      request.off('error', again).on('error', () => {}); // the answer tells of it from now on
    });
    const again = () => setTimeout(ask, AGAIN_MS);
    request.once('socket', watch);
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', again);
  };
  ask();
}
