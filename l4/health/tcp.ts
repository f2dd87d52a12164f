/** `health_check tcp`: a connection, and a talk where one is asked for. */
import { regexOf } from '#kit/pcre.ts';
import type { Probe, ProbeMeans, QuestionOf } from './probe.ts';
import { dial, Talk } from './talk.ts';

/** As much of what comes as `expect` is held against. */
const MOST_EXPECTED = 65_536;

export const tcpProbe: Probe<QuestionOf<'tcp'>> = async ({ send, expect, tls }, target, means) => {
  const { socket, warning } = await dial(target, tls, means);
  using talk = new Talk(socket, means.signal);
  if (send !== undefined) talk.send(send);
  if (expect) await expectMatch(talk, expect, means);
  return { warning };
};

/** @throws {Error} that names what came, also where the server leaves it at that and time runs out */
async function expectMatch(
  talk: Talk,
  expect: NonNullable<QuestionOf<'tcp'>['expect']>,
  { signal, timeoutMs }: ProbeMeans,
): Promise<void> {
  const regex = regexOf(expect);
  let got = '';
  try {
    await talk.take((text, ended) => {
      got = text;
      if (regex.test(text)) return { value: true, length: text.length };
      if (ended || text.length > MOST_EXPECTED) throw new Error(`"${excerpt(text)}" does not match`);
      return undefined;
    });
  } catch (fault) {
    if (!signal.aborted || got === '') throw fault;
    const { reason: cause } = signal;
    throw new Error(`"${excerpt(got)}" does not match, and no more came within ${timeoutMs} ms`, { cause });
  }
}

/** The beginning of a text for a log. */
export const excerpt = (text: string): string =>
  text
    .slice(0, 60)
    .replace(/[^\x20-\x7e]/g, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
