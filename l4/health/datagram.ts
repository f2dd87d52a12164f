/** A UDP socket that talks to one address, and hears of ICMP errors. */
import { createSocket, type Socket } from 'node:dgram';
import { markedSocket } from '#native/socket.ts';
import { aborted, type ProbeMeans, type ProbeTarget } from './probe.ts';
import { reasonOf } from './talk.ts';

export class DatagramTalk implements Disposable {
  readonly #socket: Socket;
  readonly #broken: Promise<never>;
  readonly #waiting: string[] = [];
  #wake: () => void = () => {};

  private constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#broken = Promise.race([
      aborted(signal),
      new Promise<never>((_, fail) => socket.on('error', fault => fail(reasonOf(fault)))),
    ]);
    this.#broken.catch(() => {}); // whoever waits hears of it
    socket.on('message', bytes => {
      this.#waiting.push(bytes.latin1Slice());
      this.#wake();
    });
  }

  static async open(
    { address, port, from, mark }: ProbeTarget,
    { signal }: ProbeMeans,
  ): Promise<DatagramTalk> {
    const talk = new DatagramTalk(createSocket(address.includes(':') ? 'udp6' : 'udp4'), signal);
    try {
      const socket = talk.#socket;
      if (mark !== undefined) {
        const fd = markedSocket({
          family: address.includes(':') ? 6 : 4,
          kind: 'udp',
          mark,
          localAddress: from,
        });
        await talk.#or(new Promise<void>(done => socket.bind({ fd }, done)));
      } else if (from !== undefined)
        await talk.#or(new Promise<void>(done => socket.bind({ address: from }, done)));
      await talk.#or(
        new Promise<void>((done, fail) =>
          socket.connect(port, address, (fault?: Error) => (fault ? fail(reasonOf(fault)) : done())),
        ),
      );
      return talk;
    } catch (fault) {
      talk[Symbol.dispose]();
      throw fault;
    }
  }

  #or<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#broken]);
  }

  send(text: string): void {
    this.#socket.send(Buffer.from(text, 'latin1'), fault => fault && this.#socket.emit('error', fault));
  }

  /** The next datagram; latin1. @throws {Error} when the port is closed, or the time is over */
  async next(): Promise<string> {
    while (this.#waiting.length === 0) await this.#or(new Promise<void>(wake => (this.#wake = wake)));
    return this.#waiting.shift()!;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
