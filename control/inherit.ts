/** What a control process hands to its successor: sockets as descriptors, numbered in the environment, and secrets through a pipe. */
import { closeSync, readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import type { ListeningSocket, Secrets } from '#l7';
import { setCloexec } from '#native/socket.ts';

const VARIABLE = 'MOAT_LISTEN_FDS';
/** Comes first after the standard three. An environment would show the secrets as long as the process lives. */
const SECRETS_FD = 3;
const FIRST_SOCKET_FD = SECRETS_FD + 1;

export interface Inheritance {
  readonly sockets: readonly ListeningSocket[];
  readonly secrets: Secrets;
}

/** The variable that tells a successor which descriptors follow that of the secrets, in order. */
export function inheritanceOf(sockets: readonly ListeningSocket[]): Record<string, string> {
  const rows = sockets.map(
    ({ key, slot, shared }, i) =>
      `${encodeURIComponent(key)}=${FIRST_SOCKET_FD + i}:${slot}${shared ? ':shared' : ''}`,
  );
  return { [VARIABLE]: rows.join(';') };
}

/** What a predecessor left to this process; undefined when there was none. It is not inherited further. */
export function inherited(env: NodeJS.ProcessEnv = process.env): Inheritance | undefined {
  const text = env[VARIABLE];
  if (text === undefined) return undefined;
  delete env[VARIABLE];
  const sockets = text.split(';').filter(Boolean).map(readRow);
  for (const { fd } of sockets) setCloexec(fd, true);
  return { sockets, secrets: readSecrets() };
}

function readSecrets(): Secrets {
  const secrets: Secrets = deserialize(readFileSync(SECRETS_FD));
  closeSync(SECRETS_FD);
  return secrets;
}

function readRow(row: string): ListeningSocket {
  const [, key = '', fd, slot, shared] = /^([^=]*)=(\d+):(\d+)(:shared)?$/.exec(row) ?? [];
  if (fd === undefined) throw new Error(`Cannot take over the sockets of ${VARIABLE}: "${row}" is not one`);
  return { key: decodeURIComponent(key), fd: Number(fd), slot: Number(slot), shared: shared !== undefined };
}
