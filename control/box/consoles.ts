/** Ports of this machine's loopback that lead to the consoles of the box's nodes, each on the loopback of its own host. */
import type { ChildProcess } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { listeningNear, portOf } from '../host/listening.ts';
import type { Node } from './node.ts';

const RELAY = fileURLToPath(new URL('./console-relay.ts', import.meta.url));

interface Way {
  readonly server: Server;
  readonly port: number;
}

export class Consoles {
  readonly #ways: readonly Way[];
  readonly #relays = new Map<Way, ChildProcess>();

  private constructor(ways: readonly Way[]) {
    this.#ways = ways;
  }

  /** Takes as many ports as there are nodes, from `first` on where they are free. */
  static async open(first: number, nodes: number): Promise<Consoles> {
    const ways: Way[] = [];
    for (let at = 0; at < nodes; at++) {
      const server = await listeningNear(first + at, true);
      ways.push({ server, port: portOf(server) });
    }
    return new Consoles(ways);
  }

  get ports(): readonly number[] {
    return this.#ways.map(({ port }) => port);
  }

  /** From now on they lead to these nodes, in the order of the ports. Their consoles listen on ports of the same numbers. */
  leadTo(nodes: readonly Node[]): void {
    this.#ways.forEach((way, at) => {
      const node = nodes[at];
      if (node) way.server.on('connection', socket => this.#hand(socket, way, node));
    });
  }

  /** The connection itself goes into the node's namespace, which nothing of this machine can connect into. */
  #hand(socket: Socket, way: Way, node: Node): void {
    this.#relay(way, node).send('connection', socket, fault => {
      if (fault) socket.destroy();
    });
  }

  #relay(way: Way, { host }: Node): ChildProcess {
    const before = this.#relays.get(way);
    if (before?.connected) return before;
    const relay = host.spawn([process.execPath, RELAY, String(way.port)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
    });
    relay.on('error', () => {}); // its connections end, and the next one starts another
    this.#relays.set(way, relay);
    return relay;
  }

  close(): void {
    for (const { server } of this.#ways) server.close();
    for (const relay of this.#relays.values()) if (relay.connected) relay.disconnect();
  }
}
