/** `health_check mysql`: the greeting of MySQL and MariaDB, and a login of a user without a password. Protocol 10. */
import type { MysqlQuestion } from '#model/l4/health.ts';
import type { Probe } from './probe.ts';
import { dial, Talk } from './talk.ts';
import { excerpt } from './tcp.ts';

const PROTOCOL = 10;
const OK = 0x00;
const SWITCH = 0xfe;
const FAULT = 0xff;
/** LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH. */
const CAPABILITIES = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000;
const UTF8 = 33;
const MOST_PACKET = 0x0100_0000;
const QUIT = '\x01\0\0\0\x01';

export const mysqlProbe: Probe<MysqlQuestion> = async ({ user }, target, means) => {
  const { socket } = await dial(target, undefined, means);
  using talk = new Talk(socket, means.signal);
  const { bytes: greeting, sequence } = await packet(talk);
  if (greeting[0] === FAULT) throw new Error(faultOf(greeting));
  if (greeting[0] !== PROTOCOL) throw new Error(`the greeting is of protocol ${greeting[0]}`);
  if (user !== undefined) await login(talk, user, sequence + 1);
  return {};
};

async function login(talk: Talk, user: string, sequence: number): Promise<void> {
  send(talk, loginOf(user), sequence);
  let answer = await packet(talk);
  if (answer.bytes[0] === SWITCH) {
    send(talk, '', answer.sequence + 1); // an empty password is empty by every method
    answer = await packet(talk);
  }
  if (answer.bytes[0] !== OK) throw new Error(faultOf(answer.bytes));
  talk.send(QUIT);
}

function loginOf(user: string): string {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(CAPABILITIES, 0);
  head.writeUInt32LE(MOST_PACKET, 4);
  head[8] = UTF8;
  return `${head.latin1Slice()}${user}\0\0mysql_native_password\0`;
}

function send(talk: Talk, body: string, sequence: number): void {
  const { length } = body;
  talk.send(String.fromCharCode(length & 255, (length >> 8) & 255, length >> 16, sequence & 255) + body);
}

async function packet(talk: Talk): Promise<{ bytes: Buffer; sequence: number }> {
  const head = Buffer.from(await talk.bytes(4), 'latin1');
  const length = head.readUIntLE(0, 3);
  if (length === 0) throw new Error('the server sent an empty packet');
  return { bytes: Buffer.from(await talk.bytes(length), 'latin1'), sequence: head[3]! };
}

/** The text of an error: after its number, and the SQL state where there is one. */
function faultOf(bytes: Buffer): string {
  if (bytes[0] !== FAULT || bytes.length < 3) return `the answer begins with byte ${bytes[0]}`;
  return excerpt(bytes.latin1Slice(3).replace(/^#\w{5}/, ''));
}
