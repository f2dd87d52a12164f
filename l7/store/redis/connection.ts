/** A connection to one Redis: commands go as a whole pipeline, and one that is not answered in time ends the connection. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import { encodeCommand, RedisError, type Reply, RespReader, type Word } from '#kit/resp.ts';
import type { RedisHost, RedisLogin, RedisTls } from '#model/cluster/session-store.ts';
import { systemReason } from './reason.ts';

/** For the connection, TLS and the login; and for the answers to one pipeline. */
const CONNECT_MS = 3000;
const ANSWER_MS = 3000;

export interface Dial {
  readonly host: RedisHost;
  readonly tls: RedisTls | undefined;
  readonly login: RedisLogin | undefined;
  /** 0..; of Sentinel always 0. */
  readonly database: number;
}

interface Exchange {
  readonly replies: Reply[];
  readonly count: number;
  readonly done: (replies: readonly Reply[]) => void;
}

/** It asks for the next thing only when the last one is answered: nothing queues up. */
export class RedisConnection {
  readonly name: string;
  readonly #socket: Socket;
  readonly #reader: RespReader;
  #exchange: Exchange | undefined;
  #fault: Error | undefined;
  #fail: (fault: Error) => void = () => {};

  private constructor(name: string, socket: Socket) {
    this.name = name;
    this.#socket = socket;
    this.#reader = new RespReader(reply => this.#hear(reply));
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#reader.push(chunk);
      } catch (fault) {
        this.close(fault as Error);
      }
    });
    socket.on('error', fault => this.close(fault));
    socket.on('close', () => this.close(new Error('it has hung up')));
  }

  /** Connects and logs in. @throws {Error} with the reason as an operator reads it */
  static async open({ host, tls, login, database }: Dial): Promise<RedisConnection> {
    const name = hostName(host);
    const socket = tls ? tlsSocket(host, tls) : connectTcp({ host: host.host, port: host.port });
    const connection = new RedisConnection(name, socket);
    await connection.#within(CONNECT_MS, 'it does not answer', done =>
      socket.once(tls ? 'secureConnect' : 'connect', () => done()),
    );
    const hello: Word[][] = [];
    if (login) hello.push(['AUTH', ...(login.user === undefined ? [] : [login.user]), login.password]);
    if (database > 0) hello.push(['SELECT', database]);
    const refusal = (await connection.exchange(hello)).find(reply => reply instanceof RedisError);
    if (refusal instanceof RedisError) connection.close(refusal);
    if (connection.#fault) throw connection.#fault;
    return connection;
  }

  /** @returns a reply to each command, in their order; errors of Redis are replies, too @throws {Error} when the connection is over */
  async exchange(commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> {
    if (this.#exchange) throw new Error('Cannot ask: the last question is not answered');
    if (commands.length === 0) return [];
    return this.#within<readonly Reply[]>(ANSWER_MS, 'it does not answer', done => {
      this.#exchange = { replies: [], count: commands.length, done };
      this.#socket.write(Buffer.concat(commands.map(encodeCommand)));
    });
  }

  close(fault = new Error('closed')): void {
    this.#fault ??= new Error(systemReason(fault));
    this.#socket.destroy();
    this.#fail(this.#fault);
  }

  #hear(reply: Reply): void {
    const exchange = this.#exchange;
    if (!exchange) return this.close(new Error('it answers what nobody has asked'));
    exchange.replies.push(reply instanceof Buffer ? Buffer.from(reply) : reply);
    if (exchange.replies.length < exchange.count) return;
    this.#exchange = undefined;
    exchange.done(exchange.replies);
  }

  #within<T = void>(mostMs: number, late: string, begin: (done: (value: T) => void) => void): Promise<T> {
    if (this.#fault) return Promise.reject(this.#fault);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(() => this.close(new Error(`${late} within ${mostMs / 1000} s`)), mostMs);
    this.#fail = reject;
    begin(resolve);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#fail = () => {};
    });
  }
}

export const hostName = ({ host, port }: RedisHost): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function tlsSocket({ host, port }: RedisHost, { ca, certificate, key, name = host }: RedisTls): Socket {
  const servername = isIP(name) === 0 ? { servername: name } : {};
  return connectTls({
    ...{ host, port, ...servername },
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate, key }),
    minVersion: 'TLSv1.2',
    ...(name === host ? {} : { checkServerIdentity: (_, peer) => checkServerIdentity(name, peer) }),
  });
}
