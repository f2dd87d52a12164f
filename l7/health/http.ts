/** `health_check type=http`: a GET whose answer must pass the tests. */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { nodeHttp } from '#kit/node-http.ts';
import type { HealthCheckModel } from '#model/l7/health.ts';
import { monotonicMs } from '../clock.ts';
import { addressText } from '../upstream/member.ts';
import type { CheckAnswer } from './answer.ts';
import { dial } from './dial.ts';
import { type AnswerTest, compileMatch, needsBody } from './match.ts';
import { type CheckTarget, type Probe, type ProbeMaker, type ProbeMeans, patienceMs } from './probe.ts';
import { requestHeaders } from './request-header.ts';
import { type CheckContexts, tlsOptions } from './tls.ts';

/** As much of a body as tests look at. */
const MOST_BODY_BYTES = 262_144;

/** Node's own client asks: a few questions a second, where strictness counts for more than speed. */
export const httpProbe: ProbeMaker = (check, target, means) => new HttpProbe(check, target, means);

class HttpProbe implements Probe {
  readonly #check: HealthCheckModel;
  readonly #target: CheckTarget;
  readonly #contexts: CheckContexts;
  readonly #test: AnswerTest;
  readonly #headers: Record<string, string>;
  readonly #readsBody: boolean;
  #agent: Agent | undefined;
  #agentUntilMs = 0;

  constructor(check: HealthCheckModel, target: CheckTarget, { variables, contexts }: ProbeMeans) {
    this.#check = check;
    this.#target = target;
    this.#contexts = contexts;
    this.#test = compileMatch(check.match, variables);
    this.#readsBody = needsBody(check.match) || check.keepaliveMs !== undefined;
    this.#headers = requestHeaders(check);
  }

  async run(): Promise<string | undefined> {
    const limit = AbortSignal.timeout(patienceMs(this.#check));
    try {
      return this.#test(await this.#ask(limit));
    } catch (error) {
      return limit.aborted ? 'no answer in time' : (error as Error).message;
    }
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #ask(signal: AbortSignal): Promise<CheckAnswer> {
    const startedMs = monotonicMs();
    const answered = Promise.withResolvers<IncomingMessage>();
    const asking = this.#send(signal);
    asking.on('response', answered.resolve);
    asking.on('error', answered.reject);
    asking.setTimeout(this.#check.proxy.readTimeoutMs, () => asking.destroy(new Error('no answer in time')));
    asking.end();
    const response = await answered.promise;
    response.on('error', () => {}); // whoever reads it hears of it; who does not has all that counts
    const headerMs = monotonicMs() - startedMs;
    const body = this.#readsBody ? await readBody(response) : '';
    if (!this.#readsBody || !response.complete) response.destroy();
    return {
      status: response.statusCode ?? 0,
      headers: joined(response.headersDistinct),
      body,
      address: addressText(this.#target),
      headerMs,
    };
  }

  #send(signal: AbortSignal): ClientRequest {
    const { uri, keepaliveMs } = this.#check;
    return nodeHttp().request({
      path: uri,
      headers: this.#headers,
      setHost: false,
      signal,
      ...(keepaliveMs === undefined
        ? { createConnection: () => this.#connect() }
        : { agent: this.#keptAgent(keepaliveMs) }),
    });
  }

  #connect(): Socket {
    const socket = dial(this.#check, this.#target);
    if (this.#check.scheme === 'http') return socket;
    return connectTls({ ...tlsOptions(this.#check, this.#contexts), socket });
  }

  /** One connection, kept for its time. */
  #keptAgent(keepaliveMs: number): Agent {
    const nowMs = monotonicMs();
    if (this.#agent && nowMs < this.#agentUntilMs) return this.#agent;
    this.close();
    this.#agent = new (nodeHttp().Agent)({ keepAlive: true, maxSockets: 1 });
    this.#agent.createConnection = () => this.#connect();
    this.#agentUntilMs = nowMs + keepaliveMs;
    return this.#agent;
  }
}

const joined = (headers: NodeJS.Dict<string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, values = []]) => [name, values.join(', ')]));

/** Reads until the end, or as much as is looked at. */
async function readBody(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response) {
    body += (chunk as Buffer).latin1Slice();
    if (body.length >= MOST_BODY_BYTES) break;
  }
  return body.slice(0, MOST_BODY_BYTES);
}
