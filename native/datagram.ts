/** Messages to a datagram server such as syslog: sent at once or lost, never waited for. */
import { lookup } from 'node:dns';
import { writeSync } from 'node:fs';
import { isIP } from 'node:net';
import { closeFd, connectDatagram } from './socket.ts';

const SYSLOG_PORT = 514;
/** How soon a server that was not there is tried again. */
const RETRY_MS = 1000;

type Peer = { path: string } | { host: string; port: number };

/** Splits `unix:/path`, `host`, `host:port`, `[ipv6]:port`. */
export function readPeer(server: string): Peer {
  if (server.startsWith('unix:')) return { path: server.slice(5) };
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(server) ?? [];
  return { host: bracketed ?? plain ?? server, port: port === undefined ? SYSLOG_PORT : Number(port) };
}

/** A way to one server, connected again when it comes back. */
export class Datagrams {
  readonly #peer: Peer;
  #fd = -1;
  #lost = 0;
  #nextTryMs = 0;

  /** @param server `host[:port]` (port 514 if absent) or `unix:/path`; a name is resolved once at each connect */
  constructor(server: string) {
    this.#peer = readPeer(server);
    this.#connect();
  }

  /** Messages that could not be sent. */
  get lost(): number {
    return this.#lost;
  }

  /** Sends `bytes` (a latin1 string) as one message. */
  write(bytes: string): void {
    if (this.#fd === -1 && Date.now() >= this.#nextTryMs) this.#connect();
    try {
      writeSync(this.#fd, bytes, null, 'latin1');
    } catch (fault) {
      this.#lost++;
      // A slow server gets fewer lines; any other fault may be a socket whose peer was restarted.
      if ((fault as NodeJS.ErrnoException).code !== 'EAGAIN') this.#disconnect();
    }
  }

  #connect(): void {
    this.#nextTryMs = Date.now() + RETRY_MS;
    const peer = this.#peer;
    if ('path' in peer) return this.#reach(peer);
    const version = isIP(peer.host);
    if (version) return this.#reach({ ...peer, family: version === 4 ? 4 : 6 });
    lookup(peer.host, (fault, host, family) => {
      if (!fault) this.#reach({ ...peer, host, family: family === 4 ? 4 : 6 });
    });
  }

  #reach(peer: Parameters<typeof connectDatagram>[0]): void {
    this.#disconnect();
    try {
      this.#fd = connectDatagram(peer);
    } catch {
      this.#fd = -1; // tried again by a later write; what it would have sent counts as lost
    }
  }

  #disconnect(): void {
    if (this.#fd !== -1) closeFd(this.#fd);
    this.#fd = -1;
  }
}

export const openDatagrams = (server: string): Datagrams => new Datagrams(server);
