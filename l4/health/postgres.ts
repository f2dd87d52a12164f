/** `health_check postgres`: a startup message, to which a server that takes connections answers by asking who we are. */
import type { Probe, QuestionOf } from './probe.ts';
import { dial, Talk } from './talk.ts';
import { excerpt } from './tcp.ts';

/** 3.0 */
const PROTOCOL = 0x0003_0000;
const TERMINATE = 'X\0\0\0\x04';
const MOST_MESSAGE = 65_536;

export const postgresProbe: Probe<QuestionOf<'postgres'>> = async ({ user, database }, target, means) => {
  const { socket } = await dial(target, undefined, means);
  using talk = new Talk(socket, means.signal);
  talk.send(startup(`user\0${user}\0database\0${database}\0application_name\0moat\0\0`));
  const head = Buffer.from(await talk.bytes(5), 'latin1');
  const kind = String.fromCharCode(head[0]!);
  const length = head.readUInt32BE(1) - 4;
  if ((kind !== 'R' && kind !== 'E') || length < 0 || length > MOST_MESSAGE)
    throw new Error(`"${excerpt(head.latin1Slice())}" is no answer of PostgreSQL`);
  const body = await talk.bytes(length);
  if (kind === 'E') throw new Error(faultOf(body));
  talk.send(TERMINATE);
  return {};
};

function startup(parameters: string): string {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + parameters.length, 0);
  head.writeUInt32BE(PROTOCOL, 4);
  return head.latin1Slice() + parameters;
}

/** Fields of an ErrorResponse: a letter, a text, a zero; M is the message. */
function faultOf(body: string): string {
  const message = body.split('\0').find(field => field.startsWith('M'));
  return message === undefined ? 'the server refuses the connection' : excerpt(message.slice(1));
}
