/** `health_check http` and `https`: a request over HTTP/1.0, 1.1 or 2, whose answer must be as asked for. */
import { createHash } from 'node:crypto';
import { regexOf } from '#kit/pcre.ts';
import { VERSION } from '#kit/version.ts';
import type { HttpQuestion } from '#model/l4/health.ts';
import { saidWeight } from './file.ts';
import { askH1 } from './h1.ts';
import { askH2 } from './h2.ts';
import type { Probe, ProbeTarget } from './probe.ts';
import { dial } from './talk.ts';

/** As much of a body as `body=` looks at. */
const MOST_BODY = 262_144;

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name; several lines of one name joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** latin1; '' when it was not asked for. */
  readonly body: string;
}

export interface HttpRequest {
  readonly method: string;
  readonly uri: string;
  readonly host: string;
  readonly scheme: string;
  readonly userAgent: string;
  readonly readsBody: boolean;
}

export const httpProbe: Probe<HttpQuestion> = async (question, target, means) => {
  const { version, tls, type, method, uri, host = authorityOf(target, type) } = question;
  const protocols = version === '2' ? ['h2'] : ['http/1.1'];
  const { socket, warning, alpn } = await dial(target, tls, means, protocols);
  using _ = { [Symbol.dispose]: () => void socket.destroy() };
  if (version === '2' && tls && alpn !== 'h2') throw new Error('the server does not speak HTTP/2');
  const readsBody = question.body !== undefined || question.digest !== undefined || question.dynamicWeight;
  const request = { method, uri, host, scheme: type, userAgent: `moat/${VERSION}`, readsBody };
  const answer =
    version === '2'
      ? await askH2(socket, request, means.signal)
      : await askH1(socket, request, version, means.signal);
  judge(question, answer);
  const weight = question.dynamicWeight ? saidWeight(answer.body, target.weight, 'the body') : undefined;
  return { warning, weight };
};

function authorityOf({ address, port }: ProbeTarget, scheme: string): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`;
}

/** @throws {Error} that says what is not as asked for */
function judge({ statuses, header, body, digest }: HttpQuestion, answer: HttpAnswer): void {
  const { status } = answer;
  if (!statuses.some(([from, to]) => status >= from && status <= to)) throw new Error(`status ${status}`);
  if (header) {
    const value = answer.headers.get(header.name);
    if (value === undefined) throw new Error(`there is no header ${header.name}`);
    if (header.value && !regexOf(header.value).test(value))
      throw new Error(`header ${header.name} is "${value}"`);
  }
  if (body && !regexOf(body).test(answer.body.slice(0, MOST_BODY)))
    throw new Error('the body does not match');
  if (digest !== undefined) {
    const algorithm = digest.length === 32 ? 'md5' : 'sha256';
    const found = createHash(algorithm).update(answer.body, 'latin1').digest('hex');
    if (found !== digest) throw new Error(`the digest of the body is ${found}`);
  }
}
