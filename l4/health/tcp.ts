/** `health_check tcp`: a connection, and a talk where one is asked for. */
import { regexOf } from '#kit/pcre.ts';
import type { Probe, QuestionOf } from './probe.ts';
import { dial, Talk } from './talk.ts';

/** As much of what comes as `expect` is held against. */
const MOST_EXPECTED = 65_536;

export const tcpProbe: Probe<QuestionOf<'tcp'>> = async ({ send, expect, tls }, target, means) => {
  const { socket, warning } = await dial(target, tls, means);
  using talk = new Talk(socket, means.signal);
  if (send !== undefined) talk.send(send);
  if (expect) {
    const regex = regexOf(expect);
    await talk.take((text, ended) => {
      if (regex.test(text)) return { value: true, length: text.length };
      if (ended || text.length > MOST_EXPECTED) throw new Error(`"${excerpt(text)}" does not match`);
      return undefined;
    });
  }
  return { warning };
};

/** The beginning of a text for a log. */
export const excerpt = (text: string): string =>
  text
    .slice(0, 60)
    .replace(/[^\x20-\x7e]/g, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
