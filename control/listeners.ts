/** The listening sockets: opened by control, one for each worker, and kept open over reloads and upgrades. */
import { unlinkSync } from 'node:fs';
import { createConnection, isIPv6 } from 'node:net';
import type { ListeningSocket, Slot } from '#l7';
import type { HttpModel, ListenModel } from '#model/l7/http.ts';
import {
  bindTcp,
  closeFd,
  listenFd,
  listenTcp,
  listenUnix,
  type TcpOptions,
  tuneListener,
} from '#native/socket.ts';
import { systemReason } from './load.ts';

type Listens = HttpModel['listens'];

/** Sockets opened for a configuration that is not yet in force. */
export interface Change {
  /** All that the new configuration wants. */
  readonly sockets: readonly ListeningSocket[];
  readonly added: readonly ListeningSocket[];
  readonly dropped: readonly ListeningSocket[];
}

export class Listeners {
  #open: readonly ListeningSocket[];
  #listens: Listens = {};

  /** @param inherited sockets of a process that this one replaces */
  constructor(inherited: readonly ListeningSocket[] = []) {
    this.#open = inherited;
  }

  get sockets(): readonly ListeningSocket[] {
    return this.#open;
  }

  /** What they are to be, by key. */
  get inForce(): Listens {
    return this.#listens;
  }

  /** What `listens` has beside those in force could be opened now. @throws {Error} that names the first address that cannot */
  async tryOut(listens: Listens): Promise<void> {
    for (const [key, listen] of Object.entries(listens))
      if (!(key in this.#listens) && listen.kind !== 'unix' && !this.#owns(listen)) await refuseTaken(listen);
  }

  /**
   * Opens what `listens` needs and is not open. Nothing is closed, nothing changes for the sockets in force.
   *
   * @throws {Error} that names the first address that cannot be bound; then nothing stays open
   */
  async prepare(listens: Listens, workers: number): Promise<Change> {
    const kept = this.#open.filter(socket => socket.key in listens);
    const have = new Set(kept.map(idOf));
    const missing = Object.entries(listens).flatMap(([key, listen]) =>
      slotsOf(key, listen, workers).filter(slot => !have.has(idOf(slot))),
    );
    const added: ListeningSocket[] = [];
    try {
      for (const { key } of missing) if (!this.#owns(listens[key]!)) await refuseTaken(listens[key]!);
      for (const slot of missing) added.push({ ...slot, fd: openSocket(listens[slot.key]!) });
    } catch (fault) {
      closeAll(added);
      throw fault;
    }
    return {
      sockets: [...kept, ...added],
      added,
      dropped: this.#open.filter(socket => !kept.includes(socket)),
    };
  }

  /** The change is in force: sockets that nobody wants are closed, those that stay get their new options. */
  commit(change: Change, listens: Listens): void {
    this.#open = change.sockets;
    closeAll(change.dropped);
    for (const path of pathsOf(change.dropped)) unlinkSync(path);
    for (const { key, fd } of change.sockets)
      if (!change.added.some(socket => socket.fd === fd)) retune(fd, this.#listens[key], listens[key]!);
    this.#listens = listens;
  }

  abandon(change: Change): void {
    closeAll(change.added);
    for (const path of pathsOf(change.added)) unlinkSync(path);
  }

  /** Closes all; the files of Unix sockets go too, unless another process has them in use. */
  close(options: { keepFiles: boolean }): void {
    closeAll(this.#open);
    if (!options.keepFiles) for (const path of pathsOf(this.#open)) unlinkSync(path);
    this.#open = [];
  }

  /** A port of ours, on whatever address, says nothing about what others hold. */
  #owns(listen: ListenModel): boolean {
    return this.#open.some(({ key }) =>
      listen.kind === 'unix' ? key === `unix:${listen.address}` : key.endsWith(`:${listen.port}`),
    );
  }
}

const idOf = ({ key, slot }: Slot): string => `${slot} ${key}`;

function slotsOf(key: string, listen: ListenModel, workers: number): Slot[] {
  const shared = listen.kind === 'unix';
  return Array.from({ length: shared ? 1 : workers }, (_, slot) => ({ key, slot, shared }));
}

function tcpOptions(listen: ListenModel): TcpOptions {
  return {
    host: listen.address,
    port: listen.port,
    family: isIPv6(listen.address) ? 6 : 4,
    ipv6Only: listen.ipv6Only,
    keepAlive: listen.keepalive,
    fastOpen: listen.fastOpen,
    deferAccept: listen.deferred,
    receiveBufferBytes: listen.receiveBufferBytes,
    sendBufferBytes: listen.sendBufferBytes,
  };
}

export function openSocket(listen: ListenModel): number {
  const { backlog } = listen;
  return listen.kind === 'unix'
    ? attempt(listen, () => listenUnix({ path: listen.address, backlog }))
    : attempt(listen, () => listenTcp({ ...tcpOptions(listen), backlog, reusePort: true }));
}

/** Our own sockets share their port, so binding them would not notice another program's: a socket that does not share does. */
async function refuseTaken(listen: ListenModel): Promise<void> {
  if (listen.kind === 'unix') return removeStale(listen.address);
  closeFd(attempt(listen, () => bindTcp({ ...tcpOptions(listen), reusePort: false })));
}

/** For a check: an address that another program holds may be a running moat's, any other fault is one. @throws {Error} */
export function refuseUnusable(listen: ListenModel): void {
  if (listen.kind === 'unix') return;
  try {
    closeFd(bindTcp({ ...tcpOptions(listen), reusePort: false }));
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw bindFault(listen, fault);
  }
}

/** Removes a socket file that a dead process left behind; one that answers is left for bind() to trip over. */
async function removeStale(path: string): Promise<void> {
  const probe = createConnection(path);
  const code = await new Promise<string | undefined>(resolve => {
    probe.once('connect', () => resolve(undefined));
    probe.once('error', fault => resolve((fault as NodeJS.ErrnoException).code));
  });
  probe.destroy();
  if (code === 'ECONNREFUSED') unlinkSync(Buffer.from(path, 'latin1'));
}

function attempt(listen: ListenModel, open: () => number): number {
  try {
    return open();
  } catch (fault) {
    throw bindFault(listen, fault);
  }
}

function bindFault(listen: ListenModel, fault: unknown): Error {
  const { syscall = 'bind' } = fault as NodeJS.ErrnoException;
  return new Error(`${syscall}() to ${nameOf(listen)} failed ${systemReason(fault)}`, { cause: fault });
}

const nameOf = ({ kind, address, port }: ListenModel): string =>
  kind === 'unix' ? `unix:${address}` : isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

function retune(fd: number, before: ListenModel | undefined, now: ListenModel): void {
  if (before && before.backlog !== now.backlog) listenFd(fd, now.backlog);
  if (now.kind !== 'tcp') return;
  const { keepAlive, fastOpen, deferAccept, receiveBufferBytes, sendBufferBytes } = tcpOptions(now);
  tuneListener(fd, { keepAlive, fastOpen, deferAccept, receiveBufferBytes, sendBufferBytes });
}

function closeAll(sockets: readonly ListeningSocket[]): void {
  for (const { fd } of sockets) closeFd(fd);
}

const pathsOf = (sockets: readonly ListeningSocket[]): Buffer[] =>
  sockets.filter(({ shared }) => shared).map(({ key }) => Buffer.from(key.slice('unix:'.length), 'latin1'));
