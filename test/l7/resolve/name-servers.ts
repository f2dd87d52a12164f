/** Name servers for tests: dnsmasq with records of the test's own, and one that answers as the test says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnsClient } from '../../../l7/resolve/client.ts';
import { freePorts, until } from '../../e2e/rig.ts';

/** Where Debian has it. */
export const DNSMASQ = '/usr/sbin/dnsmasq';

export type Dnsmasq = AsyncDisposable & {
  readonly port: number;
  /** Starts it anew on the same port with other records; none stops it. */
  serve(records: readonly string[] | undefined): Promise<void>;
};

/** @param records options of dnsmasq: `address=/a.test/10.0.0.1`, `srv-host=_http._tcp.a.test,b.test,8080,0,5` … */
export async function startDnsmasq(records: readonly string[]): Promise<Dnsmasq> {
  const [port = 0] = await freePorts(1);
  const dir = mkdtempSync(join(tmpdir(), 'dnsmasq-'));
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (!child) return;
    const ended = new Promise(done => child!.once('exit', done));
    child.kill('SIGKILL');
    await ended;
    child = undefined;
  };
  const serve = async (lines: readonly string[] | undefined) => {
    await stop();
    if (!lines) return;
    const fixed = [
      `port=${port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'no-daemon',
    ];
    const file = join(dir, 'dnsmasq.conf');
    writeFileSync(
      file,
      [...fixed, `pid-file=${join(dir, 'pid')}`, 'user=root', 'local=/test/', ...lines, ''].join('\n'),
    );
    child = spawn('setpriv', ['--pdeathsig', 'KILL', DNSMASQ, `--conf-file=${file}`], { stdio: 'ignore' });
    await until(() => answers(port), 'dnsmasq to answer');
  };
  await serve(records);
  return {
    port,
    serve,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const answers = (port: number) =>
  new DnsClient([{ address: '127.0.0.1', port }], 200).ask('nothing.test', 'A').then(
    () => true,
    () => false,
  );

export type Server = AsyncDisposable & { readonly port: number; readonly questions: Buffer[] };

/** A name server of one function: the bytes it answers a question with, or nothing. */
export async function startServer(answer: (question: Buffer) => Buffer | undefined): Promise<Server> {
  const questions: Buffer[] = [];
  const socket: Socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    questions.push(question);
    const reply = answer(question);
    if (reply) socket.send(reply, from.port, from.address);
  });
  await new Promise<void>(done => socket.bind(0, '127.0.0.1', done));
  return {
    port: socket.address().port,
    questions,
    [Symbol.asyncDispose]: () => new Promise(done => socket.close(() => done())),
  };
}

/** An answer to the question: its header and question with these flags and records behind them. */
export function replyTo(question: Buffer, flags: number, records: readonly Buffer[] = []): Buffer {
  const reply = Buffer.concat([question, ...records]);
  reply.writeUInt16BE(flags, 2);
  reply.writeUInt16BE(records.length, 6);
  return reply;
}

/** An A record of the name that was asked for. */
export function addressRecord(address: string, ttlS: number): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(1, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttlS, 6);
  record.writeUInt16BE(4, 10);
  address.split('.').forEach((byte, at) => {
    record[12 + at] = Number(byte);
  });
  return record;
}
