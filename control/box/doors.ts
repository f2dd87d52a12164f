/** Ports of this machine's loopback that lead to the virtual address of a box: for a browser that knows `localhost` alone. */
import { connect, type Server, type Socket } from 'node:net';
import { listening } from '../host/listening.ts';
import { tie } from './tie.ts';

export class Doors {
  readonly #servers: readonly Server[];
  readonly #open = new Set<Socket>();
  #to: string | undefined;

  private constructor(servers: readonly Server[]) {
    this.#servers = servers;
    for (const server of servers) server.on('connection', socket => this.#lead(socket));
  }

  /** Takes the ports. @throws {Error} EADDRINUSE; then none is taken */
  static async open(ports: readonly number[]): Promise<Doors> {
    const servers: Server[] = [];
    try {
      for (const port of ports) servers.push(await listening(port));
    } catch (fault) {
      for (const server of servers) server.close();
      throw fault;
    }
    return new Doors(servers);
  }

  /** From now on they lead somewhere; until then who comes is sent away. */
  leadTo(address: string): void {
    this.#to = address;
  }

  #lead(socket: Socket): void {
    const { localPort } = socket;
    if (this.#to === undefined || localPort === undefined) return void socket.destroy();
    const way = connect({ host: this.#to, port: localPort, allowHalfOpen: true });
    for (const one of [socket, way]) this.#open.add(one);
    tie(socket, way, one => this.#open.delete(one));
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#open) socket.destroy();
  }
}
