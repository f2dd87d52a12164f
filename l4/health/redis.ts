/** `health_check redis`: AUTH where there is a password, then PING. */
import type { Probe, QuestionOf } from './probe.ts';
import { dial, Talk } from './talk.ts';
import { excerpt } from './tcp.ts';

export const redisProbe: Probe<QuestionOf<'redis'>> = async ({ password }, target, means) => {
  const { socket } = await dial(target, undefined, means);
  using talk = new Talk(socket, means.signal);
  if (password !== undefined) await ask(talk, ['AUTH', password], '+OK');
  await ask(talk, ['PING'], '+PONG');
  return {};
};

async function ask(talk: Talk, words: readonly string[], expected: string): Promise<void> {
  talk.send(`*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`);
  const line = await talk.line();
  if (line !== expected) throw new Error(`the answer to ${words[0]} is "${excerpt(line)}"`);
}
