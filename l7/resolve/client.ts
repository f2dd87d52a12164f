/** Asks name servers, over UDP first and over TCP where an answer does not fit; several servers stand in for each other. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect, isIP, isIPv6 } from 'node:net';
import { MessageFault, type Question, RECORD_TYPE, type Reply, readReply, writeQuestion } from './message.ts';

export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/** No server gave an answer that can be used; the message says why of the last one. */
export class ServerFault extends Error {}

/** The first wait for an answer; each further one is twice as long. */
const FIRST_WAIT_MS = 1000;
const MOST_TCP_BYTES = 65_537;
/** RCODEs that another server may answer better. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  4: 'NOTIMP',
  5: 'REFUSED',
};

export class DnsClient {
  readonly #servers: readonly NameServer[];
  readonly #timeoutMs: number;
  #first = 0;

  /** @param timeoutMs for a question, all tries together */
  constructor(servers: readonly NameServer[], timeoutMs: number) {
    this.#servers = servers;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Tries the servers in turn, beginning with the one that answered last.
   *
   * @returns a reply with code 0 or 3
   * @throws {ServerFault} when none has one
   */
  async ask(name: string, type: Question): Promise<Reply> {
    const deadlineMs = performance.now() + this.#timeoutMs;
    let fault = new ServerFault('no name server is configured');
    for (let attempt = 0; ; attempt++) {
      const leftMs = deadlineMs - performance.now();
      if (attempt >= 3 * this.#servers.length || leftMs <= 0) throw fault;
      const index = (this.#first + attempt) % this.#servers.length;
      const round = Math.floor(attempt / this.#servers.length);
      try {
        const reply = await this.#askOne(
          this.#servers[index]!,
          name,
          type,
          Math.min(leftMs, FIRST_WAIT_MS * 2 ** round),
        );
        this.#first = index;
        return reply;
      } catch (error) {
        if (!(error instanceof ServerFault)) throw error;
        fault = error;
      }
    }
  }

  async #askOne(server: NameServer, name: string, type: Question, waitMs: number): Promise<Reply> {
    const address = isIP(server.address) ? server.address : await addressOf(server.address);
    const where = { address, port: server.port };
    const id = randomInt(65_536);
    const question = writeQuestion(id, name, type);
    const answers = (reply: Reply) =>
      reply.id === id &&
      reply.question?.name === name.replace(/\.$/, '').toLowerCase() &&
      reply.question.type === RECORD_TYPE[type];
    let reply = await overUdp(where, question, answers, waitMs);
    if (reply.truncated) reply = await overTcp(where, question, answers, waitMs);
    if (reply.code !== 0 && reply.code !== 3)
      throw new ServerFault(`${server.address} says ${CODE_NAMES[reply.code] ?? `code ${reply.code}`}`);
    return reply;
  }
}

/** A name server that is configured by its name: the system knows it. */
async function addressOf(name: string): Promise<string> {
  try {
    return (await lookup(name)).address;
  } catch (error) {
    throw new ServerFault(`the name server ${name} cannot be found: ${(error as Error).message}`);
  }
}

type Accepts = (reply: Reply) => boolean;

/** Each question has a socket, so a port, of its own: who cannot see it must guess port and id. What does not answer it is passed over. */
function overUdp(to: NameServer, question: Buffer, accepts: Accepts, waitMs: number): Promise<Reply> {
  const socket = createSocket(isIPv6(to.address) ? 'udp6' : 'udp4');
  const asked = new Promise<Reply>((done, fail) => {
    const timer = setTimeout(() => fail(new ServerFault(`${to.address} does not answer`)), waitMs);
    socket.on('close', () => clearTimeout(timer));
    socket.on('error', error => fail(new ServerFault(`${to.address}: ${error.message}`)));
    socket.on('message', message => {
      const reply = readQuietly(message);
      if (reply && accepts(reply)) done(reply);
    });
    socket.connect(to.port, to.address, () =>
      socket.send(question, error => error && fail(new ServerFault(`${to.address}: ${error.message}`))),
    );
  });
  return asked.finally(() => socket.close());
}

/** Bytes that are no message may come from anybody: the right ones may still follow. */
function readQuietly(message: Buffer): Reply | undefined {
  try {
    return readReply(message);
  } catch (error) {
    if (error instanceof MessageFault) return undefined;
    throw error;
  }
}

/** Messages have their length before them (RFC 1035 §4.2.2). */
function overTcp(to: NameServer, question: Buffer, accepts: Accepts, waitMs: number): Promise<Reply> {
  const socket = connect(to.port, to.address);
  const asked = new Promise<Reply>((done, fail) => {
    const fault = (message: string) => fail(new ServerFault(`${to.address} over TCP: ${message}`));
    let received = Buffer.alloc(0);
    socket.setTimeout(waitMs, () => fault('no answer'));
    socket.on('error', error => fault(error.message));
    socket.on('close', () => fault('closed without an answer'));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length > MOST_TCP_BYTES) return fault('too long an answer');
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const reply = readQuietly(received.subarray(2, 2 + received.readUInt16BE(0)));
      if (reply && accepts(reply)) done(reply);
      else fault('an answer to something else');
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(question.length);
    socket.end(Buffer.concat([length, question]));
  });
  return asked.finally(() => socket.destroy());
}
