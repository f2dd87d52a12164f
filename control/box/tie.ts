/** Two connections that are one: what comes by one goes by the other, and they end together. */
import type { Socket } from 'node:net';

/** @param closed is told of each of the two */
export function tie(one: Socket, other: Socket, closed: (socket: Socket) => void = () => {}): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy()); // a reset on one side is one on the other
    from.once('close', () => {
      closed(from);
      to.destroySoon();
    });
  }
}
