/** Run on a client: one datagram from each of many ports, at a rate. Arguments: ports a second, seconds. */
import { createSocket } from 'node:dgram';
import { PORT, VIPS } from '../../test/l4/sync/pair.ts';

const [rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const TICK_MS = 20;
const beganMs = performance.now();
let begun = 0;

const timer = setInterval(() => {
  const due = Math.min(rate * seconds, ((performance.now() - beganMs) * rate) / 1000);
  for (; begun < due; begun++) {
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.send('new', PORT, VIPS[0]!, () => socket.close());
  }
  if (begun >= rate * seconds) clearInterval(timer);
}, TICK_MS);
