/** A handful of servers that tell who they are, for tests of pools. */
import type { Socket } from 'node:net';
import { type Received, response, startUpstream, type Upstream } from '../../e2e/upstream.ts';

export type Behaviour = (
  received: Received,
  socket: Socket,
) => string | undefined | Promise<string | undefined>;

/** Servers that answer with their letter: `a`, `b`, `c` … */
export class Servers implements AsyncDisposable {
  readonly #servers: readonly Upstream[];

  private constructor(servers: readonly Upstream[]) {
    this.#servers = servers;
  }

  static async start(count: number): Promise<Servers> {
    const letters = Array.from({ length: count }, (_, n) => String.fromCharCode(97 + n));
    return new Servers(await Promise.all(letters.map(letter => startUpstream(() => response(200, letter)))));
  }

  /** `127.0.0.1:port` of the server. */
  at(letter: string): string {
    return `127.0.0.1:${this.get(letter).port}`;
  }

  get(letter: string): Upstream {
    return this.#servers[letter.charCodeAt(0) - 97]!;
  }

  /** Has a server behave in another way from now on; without one it answers with its letter again. */
  behave(letter: string, behaviour: Behaviour = () => response(200, letter)): void {
    this.get(letter).answerWith(behaviour);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map(server => server.stop()));
  }
}

/** The server takes the request and closes without an answer. */
export const hangUp: Behaviour = (_, socket) => {
  socket.destroy();
  return undefined;
};
