/** Mails an alert (RFC 5321): STARTTLS where the server has it, PLAIN over TLS alone. */
import { randomUUID } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import type { NotifyModel } from '#model/api.ts';
import type { Alert } from '../alerts.ts';
import { subjectOf, textOf } from '../text.ts';

const PATIENCE_MS = 10_000;
const MOST_LINES = 100;
const PORTS: Readonly<Record<string, number>> = { 'smtp:': 25, 'smtps:': 465 };

/** Lines of one server: its answers, and what is said to it. */
class Talk {
  readonly socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('it takes too long')));
    const reader = createInterface({ input: socket.setEncoding('latin1') });
    reader.on('error', () => {}); // the loop below hears of it
    this.#lines = reader[Symbol.asyncIterator]();
  }

  /** @returns the lines of the answer @throws {Error} when it is not one of `wanted`, the first digits of codes */
  async say(
    command: string | undefined,
    wanted: string,
    what = command ?? 'the connection',
  ): Promise<string[]> {
    if (command !== undefined) this.socket.write(`${command}\r\n`);
    const lines: string[] = [];
    for (let at = 0; at < MOST_LINES; at++) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`it ends the connection at ${what}`);
      const line = String(value);
      lines.push(line.slice(4));
      if (line[3] === '-') continue;
      if (line.startsWith(wanted)) return lines;
      throw new Error(`it answers ${line.slice(0, 3)} to ${what}`);
    }
    throw new Error('its answer has no end');
  }
}

/** @throws {Error} with what went wrong; no password is in it */
export async function sendMail(model: NotifyModel, alert: Alert): Promise<void> {
  const { protocol, hostname: name, port } = new URL(model.url);
  const host = name.replace(/^\[|\]$/g, '');
  const at = { host, port: port === '' ? PORTS[protocol]! : Number(port) };
  const servername = isIP(host) ? {} : { servername: host };
  const isTls = protocol === 'smtps:';
  const socket = isTls ? connectTls({ ...at, ...servername }) : connectTcp(at);
  const faulty = new Promise<never>((_, fail) => socket.once('error', fail));
  faulty.catch(() => {}); // it is thrown by the race, when that still runs
  try {
    await Promise.race([talk(socket, isTls, servername, model, alert), faulty]);
  } finally {
    socket.destroy();
  }
}

async function talk(
  socket: Socket,
  isTls: boolean,
  servername: object,
  model: NotifyModel,
  alert: Alert,
): Promise<void> {
  let server = new Talk(socket);
  await server.say(undefined, '2');
  const hello = `EHLO ${/^[\w.-]+$/.test(hostname()) ? hostname() : 'moat'}`;
  let offers = await server.say(hello, '2', 'EHLO');
  let isSecret = isTls;
  if (!isTls && offers.some(one => /^STARTTLS$/i.test(one))) {
    await server.say('STARTTLS', '2');
    server = new Talk(connectTls({ socket, ...servername }));
    await new Promise<void>((done, fail) => server.socket.once('secureConnect', done).once('error', fail));
    offers = await server.say(hello, '2', 'EHLO');
    isSecret = true;
  }
  const { user, password, from = '', to } = model;
  if (user !== undefined) {
    if (!isSecret) throw new Error('it has no TLS: the password is not said');
    const plain = Buffer.from(`\0${user}\0${password ?? ''}`, 'latin1').toString('base64');
    await server.say(`AUTH PLAIN ${plain}`, '2', 'AUTH');
  }
  await server.say(`MAIL FROM:<${from}>`, '2', 'MAIL');
  for (const one of to) await server.say(`RCPT TO:<${one}>`, '2', 'RCPT');
  await server.say('DATA', '3');
  await server.say(`${mailOf(from, to, alert)}\r\n.`, '2', 'the mail');
  server.socket.write('QUIT\r\n');
}

/** Base64: whatever it says, no line is long, begins with a dot, or is a field. */
function mailOf(from: string, to: readonly string[], alert: Alert): string {
  const body = Buffer.from(textOf(alert)).toString('base64').replace(/.{76}/g, '$&\r\n');
  const subject = Buffer.from(`moat: ${subjectOf(alert)}`).toString('base64');
  return [
    `From: <${from}>`,
    `To: ${to.map(one => `<${one}>`).join(', ')}`,
    `Subject: =?utf-8?B?${subject}?=`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomUUID()}@moat>`,
    ...['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64'],
    ...['Auto-Submitted: auto-generated', '', body],
  ].join('\r\n');
}
