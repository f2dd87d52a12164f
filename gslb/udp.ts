/** Answers datagrams of one socket. */
import { createSocket, type Socket } from 'node:dgram';
import type { LookupFunction } from 'node:net';
import type { Responder } from './responder.ts';

/** Answers that wait for the kernel: above it, what comes is dropped, as the kernel itself would. */
const MOST_WAITING = 1000;
const RECEIVE_BYTES = 1 << 20;

/** Sources are addresses already. */
const noLookup =
  (family: 4 | 6): LookupFunction =>
  (host, _, done) =>
    done(null, host, family);

/** @param fd a bound socket, now this one's */
export function serveUdp(fd: number, family: 4 | 6, responder: Responder): Socket {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', lookup: noLookup(family) });
  socket.on('message', (bytes, { address, port }) => {
    if (port === 0) return; // nobody can be there
    if (socket.getSendQueueCount() > MOST_WAITING) {
      responder.counts.drops.busy++;
      return;
    }
    const reply = responder.datagram(bytes, address);
    if (reply) socket.send(reply, port, address, () => {}); // who cannot be reached asks again
  });
  socket.on('error', () => {}); // of one datagram, as ECONNREFUSED
  // While this process does something else, as reading a new configuration, queries wait; the kernel gives what it allows.
  socket.once('listening', () => socket.setRecvBufferSize(RECEIVE_BYTES));
  socket.bind({ fd });
  return socket;
}
