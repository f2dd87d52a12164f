/** A server of lines that says its name with each, or a client with many long connections to one, told what to do by lines of its own. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [, , role = '', name = '', port = ''] = process.argv;

function serve(): void {
  createServer(socket => {
    socket.on('error', () => {}); // a client that goes is no matter
    createInterface({ input: socket }).on('line', line => socket.write(`${name} ${line}\n`));
  }).listen(Number(port));
}

interface Connection {
  readonly socket: Socket;
  readonly lines: AsyncIterator<string>;
  /** Who answered first. */
  server: string | undefined;
}

const kept: Connection[] = [];
let asked = 0;

async function open(): Promise<Connection> {
  const socket = connect(Number(port), name);
  await once(socket, 'connect');
  socket.on('error', () => {}); // told by the end of its lines
  return { socket, lines: createInterface({ input: socket })[Symbol.asyncIterator](), server: undefined };
}

/** @returns whether the server that answered before answers */
async function ask(one: Connection): Promise<boolean> {
  const word = `${++asked}`;
  one.socket.write(`${word}\n`);
  const { value = '' } = await one.lines.next().catch(() => ({ value: '' })); // it is gone
  const [server, echo] = value.split(' ');
  const isSame = echo === word && (one.server ?? server) === server;
  one.server ??= server;
  return isSame;
}

const countOf = (list: readonly boolean[]) => list.filter(Boolean).length;

async function work(line: string): Promise<string> {
  const [verb, count = '0'] = line.split(' ');
  const many = Array.from({ length: Number(count) });
  if (verb === 'open') kept.push(...(await Promise.all(many.map(open))));
  if (verb !== 'fresh') return `${countOf(await Promise.all(kept.map(ask)))}`;
  const fresh = await Promise.allSettled(
    many.map(async () => {
      const one = await open();
      const isWell = await ask(one);
      one.socket.destroy();
      return isWell;
    }),
  );
  return `${countOf(fresh.map(one => one.status === 'fulfilled' && one.value))}`;
}

if (role === 'serve') serve();
else for await (const line of createInterface({ input: process.stdin })) console.log(await work(line));
