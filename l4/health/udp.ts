/** `health_check udp`: a datagram, and the answer to it or the silence after it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { regexOf } from '#kit/pcre.ts';
import { DatagramTalk } from './datagram.ts';
import type { Probe, QuestionOf } from './probe.ts';
import { excerpt } from './tcp.ts';

/** Where no answer is asked for, a closed port has told of itself within this part of the timeout. */
const SILENCE = 0.5;

export const udpProbe: Probe<QuestionOf<'udp'>> = async ({ send, expect }, target, means) => {
  using talk = await DatagramTalk.open(target, means);
  talk.send(send);
  if (!expect) {
    const { signal, timeoutMs } = means;
    await Promise.race([talk.next(), sleep(timeoutMs * SILENCE, undefined, { signal, ref: false })]);
    return {};
  }
  const answer = await talk.next();
  if (!regexOf(expect).test(answer)) throw new Error(`"${excerpt(answer)}" does not match`);
  return {};
};
