/** Listening sockets handed from a control process to its successor: numbers of descriptors in the environment. */
import type { ListeningSocket } from '#l7';
import { setCloexec } from '#native/socket.ts';

const VARIABLE = 'MOAT_LISTEN_FDS';
const FIRST_FD = 3;

/** The variable that tells a successor whose standard descriptors are followed by those of `sockets`, in order. */
export function inheritanceOf(sockets: readonly ListeningSocket[]): Record<string, string> {
  const rows = sockets.map(
    ({ key, slot, shared }, i) =>
      `${encodeURIComponent(key)}=${FIRST_FD + i}:${slot}${shared ? ':shared' : ''}`,
  );
  return { [VARIABLE]: rows.join(';') };
}

/** The sockets that a predecessor left to this process; undefined when there was none. They are not inherited further. */
export function inherited(env: NodeJS.ProcessEnv = process.env): ListeningSocket[] | undefined {
  const text = env[VARIABLE];
  if (text === undefined) return undefined;
  delete env[VARIABLE];
  const sockets = text.split(';').filter(Boolean).map(readRow);
  for (const { fd } of sockets) setCloexec(fd, true);
  return sockets;
}

function readRow(row: string): ListeningSocket {
  const [, key = '', fd, slot, shared] = /^([^=]*)=(\d+):(\d+)(:shared)?$/.exec(row) ?? [];
  if (fd === undefined) throw new Error(`Cannot take over the sockets of ${VARIABLE}: "${row}" is not one`);
  return { key: decodeURIComponent(key), fd: Number(fd), slot: Number(slot), shared: shared !== undefined };
}
