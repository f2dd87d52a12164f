/** `health_check smtp`: the greeting, EHLO, QUIT. RFC 5321. */
import { hostname } from 'node:os';
import type { Probe, QuestionOf } from './probe.ts';
import { dial, Talk } from './talk.ts';
import { excerpt } from './tcp.ts';

export const smtpProbe: Probe<QuestionOf<'smtp'>> = async ({ hello }, target, means) => {
  const { socket } = await dial(target, undefined, means);
  using talk = new Talk(socket, means.signal);
  await expectReply(talk, '220', 'the greeting');
  talk.send(`EHLO ${hello || hostname()}\r\n`);
  await expectReply(talk, '250', 'the answer to EHLO');
  talk.send('QUIT\r\n');
  return {};
};

/** A reply of one or more lines. @throws {Error} when it has another code */
async function expectReply(talk: Talk, code: string, what: string): Promise<void> {
  for (;;) {
    const line = await talk.line();
    if (!line.startsWith(code)) throw new Error(`${what} is "${excerpt(line)}"`);
    if (line[3] !== '-') return;
  }
}
